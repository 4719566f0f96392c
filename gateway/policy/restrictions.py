"""Rules on persons, organisations and places, as frozen values; `findings` puts them to a request."""

import math
from typing import Final

from msgspec import Struct, structs

from gateway.policy.assurance import Requirement
from gateway.policy.ownership import OwnershipRule
from gateway.policy.vocabulary import Places, Result, Unknown

# Bound once: on Python 3.11 reaching a member through its enum costs more than a whole test.
PASS: Final = Result.PASS
FAIL: Final = Result.FAIL
UNKNOWN: Final = Result.UNKNOWN
DENY: Final = Unknown.DENY
ANY_PLACE: Final = Places.ANY


class CountryRule(Struct, frozen=True):
    """A rule on a set of countries (alpha-2, groups and territories already expanded). Unset lists test nothing.

    `any_in` (deny list) fails if any known value is listed; `all_in` (allow list) fails if any known value is not listed.
    Where neither fails, a missing or unreadable value leaves the rule unknown, and `unknown` says what that does.

    `require_verified`: only evidence that meets it lets the rule pass, and unknown denies. `lapses`: the instant (epoch seconds)
    from which a list is too old to let anybody pass. `admit_classes`: an allow list takes lesser classes of nationality too.
    `places`: which countries of an address a rule on regions looks at.
    """

    any_in: frozenset[str] | None = None
    all_in: frozenset[str] | None = None
    unknown: Unknown = Unknown.DENY
    require_verified: Requirement | None = None
    lapses: float = math.inf
    admit_classes: bool = False
    places: Places = Places.ANY


class Restrictions(Struct, frozen=True):
    """What a model, a stage, a directive or a grant demands of person, organisation and place. Every unset rule demands nothing.

    `nationality` on all nationalities of the subject, `most_recent` on the last one only (EAR, 15 CFR 734.13(b)): a positive
    `us_person` passes both if `us_person_exempt`. `residence` on the claimed residence, `region` on the location (countries and
    ISO 3166-2 codes alike), `us_person` True: only U.S. persons, `ownership` on the owners of the organisation. `deny_anonymizer` and
    `deny_hosting` refuse such addresses. A refusal by residence is told as `region_restricted` or `region_unknown`; the name of
    its rule says residence. `require_verified` holds for every rule on persons that has none of its own.

    `plain` is worked out, whatever is given: no rule asks for evidence, owners or dates.
    """

    nationality: CountryRule | None = None
    us_person: bool = False
    us_person_exempt: bool = True
    residence: CountryRule | None = None
    region: CountryRule | None = None
    deny_anonymizer: bool = False
    deny_hosting: bool = False
    most_recent: CountryRule | None = None
    ownership: OwnershipRule | None = None
    require_verified: Requirement | None = None
    plain: bool = True

    def __post_init__(self) -> None:
        """Work out `plain`."""
        rules = [rule for rule in (self.nationality, self.most_recent, self.residence, self.region) if rule is not None]
        simple = all(rule.require_verified is None and rule.lapses == math.inf for rule in rules)
        structs.force_setattr(self, "plain", simple and self.ownership is None and self.require_verified is None)


NO_RESTRICTIONS: Final = Restrictions()
