"""Directives put to a request: which cover the model, what those in force refuse, and when the next one starts."""

import math
from collections.abc import Iterable
from typing import Final

from gateway.policy.access import AccessRequest, Instant
from gateway.policy.check import Check, check_restrictions
from gateway.policy.directive import Directive
from gateway.policy.restrictions import FAIL, PASS
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Aspect, Effect, Reason

RESTRICT: Final = Effect.RESTRICT


def covering(model: Model, directives: Iterable[Directive]) -> list[Directive]:
    """Give the directives on this model: those that name it, and if it is gated those that name none."""
    return [directive for directive in directives if (model.gated if directive.models is None else model.id in directive.models)]


def check_directive(directive: Directive, request: AccessRequest, waived: frozenset[Aspect], now: Instant) -> list[Check]:
    """Put one directive to the request; no checks where it is not in force. One that did not parse refuses whoever it covers."""
    if directive.invalid:
        return [Check(directive, FAIL, Reason.DIRECTIVE, note="the entry did not parse")]
    if not directive.valid_from <= now.wall < directive.valid_until:
        return []
    if _excepts(directive, request.subject.organisation):
        return [Check(directive, PASS, note="the organisation is excepted")]
    if directive.effect is not RESTRICT:
        return [Check(directive, FAIL, Reason.DIRECTIVE, binding=directive.enforce)]
    rules = check_restrictions(directive.rule, directive, request, waived, binding=directive.enforce)
    refused = any(check.reason for check in rules)
    return [*rules, Check(directive, FAIL if refused else PASS, Reason.DIRECTIVE if refused else None, binding=directive.enforce)]


def next_start(directives: Iterable[Directive], organisation: str | None, now: Instant) -> float:
    """Give the instant (epoch seconds) at which the first of these that will bind the organisation comes into force, else infinity."""
    starts = (directive.valid_from for directive in directives if directive.enforce and not _excepts(directive, organisation))
    return min((start for start in starts if now.wall < start), default=math.inf)


def monitored(checks: Iterable[Check]) -> tuple[str, ...]:
    """Give the ids of the directives that would have refused, had they been enforced."""
    return tuple(
        check.source.id
        for check in checks
        if check.reason is Reason.DIRECTIVE and not check.binding and isinstance(check.source, Directive)
    )


def _excepts(directive: Directive, organisation: str | None) -> bool:
    return bool(organisation) and organisation in directive.except_organisations
