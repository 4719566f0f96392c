"""Rules on persons and places as frozen values, and their tests in three-valued logic: unknown is not "not listed"."""

from functools import lru_cache
from typing import Final

from msgspec import Struct

from gateway.policy.access import AccessRequest, Nationalities, Subject
from gateway.policy.vocabulary import Aspect, Result, Unknown

# Bound once: on Python 3.11 reaching a member through its enum costs more than a whole test.
PASS: Final = Result.PASS
FAIL: Final = Result.FAIL
UNKNOWN: Final = Result.UNKNOWN
DENY: Final = Unknown.DENY
US_PERSON: Final = Aspect.US_PERSON
NATIONALITY: Final = Aspect.NATIONALITY
RESIDENCE: Final = Aspect.RESIDENCE
REGION: Final = Aspect.REGION
ANONYMIZER: Final = Aspect.ANONYMIZER
HOSTING: Final = Aspect.HOSTING


class CountryRule(Struct, frozen=True):
    """A rule on a set of countries (alpha-2, groups already expanded). Unset lists test nothing.

    `any_in` (deny list) fails if any known value is listed; `all_in` (allow list) fails if any known value is not listed.
    Where neither fails, a missing or unreadable value leaves the rule unknown, and `unknown` says what that does.
    """

    any_in: frozenset[str] | None = None
    all_in: frozenset[str] | None = None
    unknown: Unknown = Unknown.DENY


class Restrictions(Struct, frozen=True):
    """What a model, a directive or a grant demands of the person and the place. Every unset rule demands nothing.

    `nationality` on the subject's nationalities (a verified positive `us_person` passes it if `us_person_exempt`), `residence` on the
    claimed residence, `region` on the location (countries and ISO 3166-2 codes alike), `us_person` True: only U.S. persons.
    `deny_anonymizer` and `deny_hosting` refuse such addresses. A refusal by residence is told as `region_restricted` or
    `region_unknown`; the name of its rule says residence.
    """

    nationality: CountryRule | None = None
    us_person: bool = False
    us_person_exempt: bool = True
    residence: CountryRule | None = None
    region: CountryRule | None = None
    deny_anonymizer: bool = False
    deny_hosting: bool = False


NO_RESTRICTIONS: Final = Restrictions()

Finding = tuple[Aspect, Result, Unknown]
"""What a rule looked at, what it found, and what it does if it found nothing out."""


def findings(rules: Restrictions, request: AccessRequest) -> list[Finding]:
    """Test every rule that is set; the order is that of the reasons."""
    subject, location = request.subject, request.location
    found: list[Finding] = []
    if rules.us_person:
        found.append((US_PERSON, _us_person(subject), DENY))
    if (rule := rules.nationality) is not None:
        found.append((NATIONALITY, _nationality(rule, subject, exempt=rules.us_person_exempt), rule.unknown))
    if (rule := rules.residence) is not None:
        found.append((RESIDENCE, _place(rule, subject.residence, ()), rule.unknown))
    if (rule := rules.region) is not None:
        found.append((REGION, _place(rule, location.country, location.regions), rule.unknown))
    if rules.deny_anonymizer:
        found.append((ANONYMIZER, FAIL if location.anonymizer else PASS, DENY))
    if rules.deny_hosting:
        found.append((HOSTING, FAIL if location.hosting else PASS, DENY))
    return found


def _us_person(subject: Subject) -> Result:
    if subject.us_person is None:
        return UNKNOWN
    return PASS if subject.us_person is True else FAIL


def _nationality(rule: CountryRule, subject: Subject, *, exempt: bool) -> Result:
    """A U.S. person passes before nationality is looked at: a refugee is one, and has no nationality to show (8 USC 1324b(a)(3))."""
    if exempt and subject.us_person is True:
        return PASS
    return _every_nationality(rule, subject.nationalities)


def _every_nationality(rule: CountryRule, held: Nationalities) -> Result:
    known, classed, denied, allowed = held.known, held.classed, rule.any_in, rule.all_in
    if denied is not None and not (denied.isdisjoint(known) and denied.isdisjoint(classed)):
        return FAIL
    if allowed is not None and (classed or not allowed.issuperset(known)):
        return FAIL
    if denied is None and allowed is None:
        return PASS
    return UNKNOWN if held.unknown or not (known or classed) else PASS


def _place(rule: CountryRule, country: str | None, regions: tuple[str, ...]) -> Result:
    """Test one place with several names, the country and its subdivisions: it is in a list if any of its names is.

    Of a country of which a part is denied, the country alone does not say enough: that is unknown.
    """
    names = (country, *regions) if country else regions
    denied, allowed = rule.any_in, rule.all_in
    if denied is not None and not denied.isdisjoint(names):
        return FAIL
    if allowed is not None and names and allowed.isdisjoint(names):
        return FAIL
    if denied is None and allowed is None:
        return PASS
    if not country or (denied is not None and not regions and country in _divided(denied)):
        return UNKNOWN
    return PASS


@lru_cache(maxsize=1024)
def _divided(listed: frozenset[str]) -> frozenset[str]:
    """Countries of which only parts are listed: where just the country is known, whether it is such a part is not."""
    return frozenset(name.partition("-")[0] for name in listed if "-" in name)
