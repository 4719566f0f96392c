"""Rules that ask for more than a plain test: evidence behind a claim, owners of the organisation, lists that are not too old.

What is told and what is verified are put to a rule apart: anything told may make it fail, only what is verified can make it pass.
"""

import math
from typing import Final

from msgspec import Struct, structs

from gateway.policy.access import AccessRequest, Subject
from gateway.policy.assurance import Requirement, evidence_of
from gateway.policy.findings import (
    MOST_RECENT,
    NATIONALITY,
    RESIDENCE,
    US_PERSON,
    Finding,
    every_nationality,
    findings,
    latest_nationality,
    residence,
    us_person,
)
from gateway.policy.ownership import Ownership, owned
from gateway.policy.restrictions import FAIL, PASS, UNKNOWN, CountryRule, Restrictions
from gateway.policy.vocabulary import Aspect, Reason, Result, Unknown

OWNERSHIP: Final = Aspect.OWNERSHIP
UNVERIFIED: Final = "not verified as the rule demands"
LAPSED: Final = "a country group of this rule is past its review date"
PERSONAL: Final = (US_PERSON, NATIONALITY, MOST_RECENT, RESIDENCE)
EXEMPTIBLE: Final = (NATIONALITY, MOST_RECENT)


class Weighed(Struct, frozen=True):
    """What one rule found, and the rest of the story: a `reason` of its own, until when it holds (epoch seconds), a note for people.

    `exempt`: the rule was passed unread, by a U.S. person.
    """

    aspect: Aspect
    result: Result
    unknown: Unknown = Unknown.DENY
    reason: Reason | None = None
    until: float = math.inf
    note: str = ""
    exempt: bool = False


def weigh(rules: Restrictions, request: AccessRequest, owners: Ownership | None, wall: float) -> list[Weighed]:
    """Test every rule that is set at `wall` epoch seconds; `owners` is what the grant says of the organisation."""
    found = [_weighed(finding, rules, request.subject, wall) for finding in findings(rules, request)]
    if (rule := rules.ownership) is not None:
        result = owned(rule, owners, request.subject.ownership)
        found.append(_dated(Weighed(OWNERSHIP, result, rule.unknown), rule.lapses, wall))
    return found


def _weighed(finding: Finding, rules: Restrictions, subject: Subject, wall: float) -> Weighed:
    aspect, result, unknown = finding
    rule = _rule_on(aspect, rules)
    need = None
    if aspect in PERSONAL:
        need = (rule.require_verified if rule is not None else None) or rules.require_verified
    if need is None:
        exempt = rules.us_person_exempt and subject.us_person is True and aspect in EXEMPTIBLE
        weighed = Weighed(aspect, result, unknown, exempt=exempt)
    else:
        weighed = _verified(aspect, rule, need, rules.us_person_exempt, subject, wall)
    return weighed if rule is None else _dated(weighed, rule.lapses, wall)


def _verified(aspect: Aspect, rule: CountryRule | None, need: Requirement, exempt: bool, subject: Subject, wall: float) -> Weighed:
    """Test what is told, then what is verified; where the rule asks for evidence, unknown always denies."""
    evidence = evidence_of(subject, need, wall)
    note = f"verified by {', '.join(evidence.sources)}"
    proved = subject.us_person is True and evidence.us_person
    told = us_person(subject)
    if rule is not None:
        if exempt and proved and aspect in EXEMPTIBLE:
            return Weighed(aspect, PASS, until=evidence.until, note=note, exempt=True)
        told = _test(aspect, rule, subject)
        shown = structs.replace(subject, nationalities=evidence.nationalities, residence=evidence.residence, statements=())
        proved = _test(aspect, rule, shown) is PASS
    if told is not PASS:
        return Weighed(aspect, told)
    if proved:
        return Weighed(aspect, PASS, until=evidence.until, note=note)
    return Weighed(aspect, UNKNOWN, reason=Reason.ASSURANCE_INSUFFICIENT, note=UNVERIFIED)


def _test(aspect: Aspect, rule: CountryRule, subject: Subject) -> Result:
    if aspect is RESIDENCE:
        return residence(rule, subject)
    return (latest_nationality if aspect is MOST_RECENT else every_nationality)(rule, subject.nationalities)


def _dated(weighed: Weighed, lapses: float, wall: float) -> Weighed:
    """Let nobody pass by a list that is too old, and bound by its date whoever passes before."""
    if lapses == math.inf or weighed.result is FAIL or weighed.reason is not None or weighed.exempt:
        return weighed
    if wall < lapses:
        return structs.replace(weighed, until=min(weighed.until, lapses))
    return Weighed(weighed.aspect, UNKNOWN, note=LAPSED)


def _rule_on(aspect: Aspect, rules: Restrictions) -> CountryRule | None:
    match aspect:
        case Aspect.NATIONALITY:
            return rules.nationality
        case Aspect.MOST_RECENT:
            return rules.most_recent
        case Aspect.RESIDENCE:
            return rules.residence
        case Aspect.REGION:
            return rules.region
        case _:
            return None
