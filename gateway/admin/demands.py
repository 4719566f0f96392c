"""What the rule of a check demands, spelled as it would be written; pure."""

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.admin.instants import write_instant
from gateway.policy.assurance import Requirement
from gateway.policy.check import Check
from gateway.policy.directive import Directive
from gateway.policy.ownership import OwnershipRule
from gateway.policy.restrictions import ANY_PLACE, NO_RESTRICTIONS, CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Model, Snapshot, StageRecord
from gateway.policy.vocabulary import Aspect, Effect

CODES_SHOWN: Final = 12


def demand(check: Check, snapshot: Snapshot) -> str:
    """Say what the rule of a check demands, as it would be written; empty for the fixed rules."""
    source = check.source
    if check.aspect is not None:
        return _demanded(check.aspect, _rules(check, snapshot))
    match source:
        case StageRecord():
            return f"stage {source.stage}" + (f"; {source.next_stage} from {_date(source.next_from)}" if source.next_stage else "")
        case Grant():
            return f"a grant{_period(source.valid_from, source.valid_until)}" + (", as evaluator" if source.evaluator else "")
        case Directive():
            mode = "" if source.enforce else ", counted only"
            return f"{'nobody' if source.effect is Effect.SUSPEND else 'its rule'}{_period(source.valid_from, source.valid_until)}{mode}"
        case str() | Model():
            return ""


def _rules(check: Check, snapshot: Snapshot) -> Restrictions:
    match check.source:
        case Model(restrictions=rules) | Grant(conditions=rules):
            return rules
        case Directive():
            return check.source.rule if check.source.effect is Effect.RESTRICT else Restrictions(us_person=True)
        case str(name):
            staged = {f"model:{model.id}:{stage}": rules for model in snapshot.catalogue.values() for stage, rules in model.by_stage}
            return staged.get(name, NO_RESTRICTIONS)
        case StageRecord():
            return NO_RESTRICTIONS


def _demanded(aspect: Aspect, rules: Restrictions) -> str:  # noqa: PLR0911 (one for each aspect)
    match aspect:
        case Aspect.US_PERSON:
            return "; ".join(["a U.S. person", *_evidence(rules.require_verified)])
        case Aspect.OWNERSHIP:
            return _owners(rules.ownership) if rules.ownership is not None else ""
        case Aspect.ANONYMIZER | Aspect.HOSTING:
            return "not marked"
        case Aspect.REGION:
            return _listed(rules.region, None)
        case Aspect.NATIONALITY:
            return _listed(rules.nationality, rules.require_verified)
        case Aspect.MOST_RECENT:
            return _listed(rules.most_recent, rules.require_verified)
        case Aspect.RESIDENCE:
            return _listed(rules.residence, rules.require_verified)


def _listed(rule: CountryRule | None, need: Requirement | None) -> str:
    return "; ".join((*_countries(rule), *_evidence(rule.require_verified or need))) if rule is not None else ""


def _countries(rule: CountryRule) -> Iterator[str]:
    for name, codes in (("any_in", rule.any_in), ("all_in", rule.all_in)):
        if codes is not None:
            yield f"{name} {_codes(codes)}"
    if rule.places is not ANY_PLACE:
        yield f"places {rule.places}"
    if rule.lapses != math.inf:
        yield f"lists good until {_date(rule.lapses)}"
    yield f"unknown: {rule.unknown}"


def _owners(rule: OwnershipRule) -> str:
    bound = f"{'gte' if rule.inclusive else 'gt'} {rule.percent:g}"
    return f"any_in {_codes(rule.any_in)} {bound}{', together' if rule.together else ''}; unknown: {rule.unknown}"


def _evidence(need: Requirement | None) -> Iterator[str]:
    if need is not None:
        age = "" if need.max_age == math.inf else f", within {timedelta(seconds=need.max_age)}"
        level = f" {need.min_level}" if need.min_level else ""
        yield f"verified by {', '.join(sorted(need.trust_frameworks))}{level}{age}"


def _codes(codes: Iterable[str]) -> str:
    listed = sorted(codes)
    return ", ".join(listed) if len(listed) <= CODES_SHOWN else f"{', '.join(listed[:CODES_SHOWN])} … ({len(listed)} in all)"


def _period(start: float, end: float) -> str:
    return "".join(f" {word} {date}" for word, date in (("from", _date(start)), ("until", _date(end))) if date)


def _date(instant: float) -> str | None:
    return write_instant(datetime.fromtimestamp(instant, UTC)) if math.isfinite(instant) else None
