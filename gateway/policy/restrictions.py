"""Rules on persons and regions as frozen values: nationality, U.S. person, residence, region."""

from typing import Final

from msgspec import Struct

from gateway.policy.vocabulary import Unknown


class CountryRule(Struct, frozen=True):
    """A rule on a set of countries (alpha-2, groups already expanded). Unset lists test nothing.

    `any_in` denies if any known value is listed; `all_in` denies unless every known value is listed and at least one
    is known; `unknown` says what an unknown value does.
    """

    any_in: frozenset[str] | None = None
    all_in: frozenset[str] | None = None
    unknown: Unknown = Unknown.DENY


class Restrictions(Struct, frozen=True):
    """What a model, a directive or a grant demands of the person and the place. Every unset rule demands nothing.

    `nationality` on the subject's nationalities (a verified positive `us_person` passes it if `us_person_exempt`), `residence` on the
    claimed residence, `region` on the location (countries and ISO 3166-2 codes alike), `us_person` True: only U.S. persons.
    `deny_anonymizer` and `deny_hosting` refuse such addresses.
    """

    nationality: CountryRule | None = None
    us_person: bool = False
    us_person_exempt: bool = True
    residence: CountryRule | None = None
    region: CountryRule | None = None
    deny_anonymizer: bool = False
    deny_hosting: bool = False


NO_RESTRICTIONS: Final = Restrictions()
