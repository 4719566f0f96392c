"""How rules on persons, organisations and places are written: the same in settings, grants and directives."""

from typing import Literal

from gateway.policy.vocabulary import Places, Unknown
from gateway.settings.section import Percent, Seconds, Section


class RequireVerified(Section, frozen=True, kw_only=True):
    """What counts as evidence: elements of `verified_claims` (OpenID Connect for Identity Assurance) that meet all of this."""

    trust_frameworks: tuple[str, ...]
    min_level: str = ""
    max_age: Seconds = 0.0


class CountryList(Section, frozen=True, kw_only=True):
    """A rule on countries: ISO 3166-1 alpha-2 codes, ISO 3166-2 codes (regions only) or names of country groups."""

    any_in: tuple[str, ...] | None = None
    all_in: tuple[str, ...] | None = None
    unknown: Unknown = Unknown.DENY
    territories: bool = False
    stale: Literal["warn", "deny"] = "warn"


class ResidenceList(CountryList, frozen=True, kw_only=True):
    """A rule on the country where a person lives."""

    require_verified: RequireVerified | None = None


class NationalityList(ResidenceList, frozen=True, kw_only=True):
    """A rule on nationalities."""

    classes: Literal["deny", "allow"] = "deny"


class RegionList(CountryList, frozen=True, kw_only=True):
    """A rule on where an address is."""

    places: Places = Places.ANY


class OwnershipSection(Section, frozen=True, kw_only=True):
    """A rule on the owners of an organisation: exactly one of `gt` and `gte`, in percent."""

    any_in: tuple[str, ...]
    gt: Percent | None = None
    gte: Percent | None = None
    together: bool = False
    territories: bool = False
    stale: Literal["warn", "deny"] = "warn"
    unknown: Unknown = Unknown.DENY


class RestrictionsSection(Section, frozen=True, kw_only=True):
    """What is demanded of person, organisation and place."""

    nationality: NationalityList | None = None
    most_recent: NationalityList | None = None
    us_person: bool = False
    us_person_exempt: bool = True
    residence: ResidenceList | None = None
    ownership: OwnershipSection | None = None
    region: RegionList | None = None
    deny_anonymizer: bool = False
    deny_hosting: bool = False
    require_verified: RequireVerified | None = None
