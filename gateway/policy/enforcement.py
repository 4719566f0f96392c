"""Directives put to a request: which cover the model, what those in force refuse, and when the next one starts."""

import math
from collections.abc import Iterable
from typing import Final

from gateway.policy.access import AccessRequest, Instant
from gateway.policy.check import Check, check_restrictions
from gateway.policy.directive import Directive
from gateway.policy.grant import PERSONS
from gateway.policy.ownership import Ownership
from gateway.policy.restrictions import FAIL, PASS, Restrictions
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Aspect, Effect, Reason

RESTRICT: Final = Effect.RESTRICT
US_PERSONS_ONLY: Final = Restrictions(us_person=True)


def covering(model: Model, directives: Iterable[Directive]) -> list[Directive]:
    """Give the directives on this model: those that name it, and if it is gated those that name none."""
    return [directive for directive in directives if (model.gated if directive.models is None else model.id in directive.models)]


def check_directive(
    directive: Directive, request: AccessRequest, waived: frozenset[Aspect], now: Instant, owners: Ownership | None = None
) -> list[Check]:
    """Put one directive to the request; no checks where it is not in force. One that did not parse refuses whoever it covers."""
    if directive.invalid:
        return [Check(directive, FAIL, Reason.DIRECTIVE, note="the entry did not parse")]
    if not directive.valid_from <= now.wall < directive.valid_until:
        return []
    excepted = _excepts(directive, request.subject.organisation)
    if excepted and not directive.binds_foreign_nationals:
        return [Check(directive, PASS, note="the organisation is excepted")]
    if directive.effect is not RESTRICT and not excepted:
        return [Check(directive, FAIL, Reason.DIRECTIVE, binding=directive.enforce)]
    rule = directive.rule if directive.effect is RESTRICT else US_PERSONS_ONLY
    rules = check_restrictions(rule, directive, request, waived, now.wall, owners, binding=directive.enforce)
    if excepted:
        rules = [check for check in rules if check.aspect in PERSONS]
    refused = any(check.reason for check in rules)
    return [*rules, Check(directive, FAIL if refused else PASS, Reason.DIRECTIVE if refused else None, binding=directive.enforce)]


def next_start(directives: Iterable[Directive], organisation: str | None, now: Instant) -> float:
    """Give the instant (epoch seconds) at which the first of these that will bind the organisation comes into force, else infinity."""
    starts = (directive.valid_from for directive in directives if directive.enforce and not _frees(directive, organisation))
    return min((start for start in starts if now.wall < start), default=math.inf)


def monitored(checks: Iterable[Check]) -> tuple[str, ...]:
    """Give the ids of the directives that would have refused, had they been enforced."""
    return tuple(
        check.source.id
        for check in checks
        if check.reason is Reason.DIRECTIVE and not check.binding and isinstance(check.source, Directive)
    )


def _frees(directive: Directive, organisation: str | None) -> bool:
    return not directive.binds_foreign_nationals and _excepts(directive, organisation)


def _excepts(directive: Directive, organisation: str | None) -> bool:
    return bool(organisation) and organisation in directive.except_organisations
