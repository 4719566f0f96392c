"""Directives put to a request: which cover the model, what those in force refuse, and when the next one starts."""

import math
from collections.abc import Iterable
from typing import Final

from gateway.policy.access import AccessRequest, Instant
from gateway.policy.check import Check, check_plain, check_restrictions
from gateway.policy.directive import Directive
from gateway.policy.grant import PERSONS
from gateway.policy.ownership import Ownership
from gateway.policy.restrictions import FAIL, PASS, Restrictions
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Aspect, Effect, Reason

RESTRICT: Final = Effect.RESTRICT
DIRECTIVE: Final = Reason.DIRECTIVE
US_PERSONS_ONLY: Final = Restrictions(us_person=True)


def covering(model: Model, directives: Iterable[Directive]) -> list[Directive]:
    """Give the directives on this model: those that name it, and if it is gated those that name none."""
    return [directive for directive in directives if (model.gated if directive.models is None else model.id in directive.models)]


def check_directive(
    directive: Directive, model: Model, request: AccessRequest, waived: frozenset[Aspect], now: Instant, owners: Ownership | None = None
) -> list[Check]:
    """Put one directive on `model` to the request; no checks where it is not in force. One that did not parse refuses whoever it covers."""
    if directive.invalid:
        return [Check(directive, FAIL, Reason.DIRECTIVE, note="the entry did not parse")]
    if not directive.valid_from <= now.wall < directive.valid_until:
        return []
    excepted = bool(directive.except_organisations) and excepts(directive, model, request.subject.organisation)
    if excepted and not directive.binds_foreign_nationals:
        return [Check(directive, PASS, note="the organisation is excepted")]
    if directive.effect is not RESTRICT and not excepted:
        return [Check(directive, FAIL, Reason.DIRECTIVE, binding=directive.enforce)]
    rule = directive.rule if directive.effect is RESTRICT else US_PERSONS_ONLY
    enforce = directive.enforce
    if rule.plain:
        rules = check_plain(rule, directive, request, waived, enforce)
    else:
        rules = check_restrictions(rule, directive, request, waived, now.wall, owners, binding=enforce)
    if excepted:
        rules = [check for check in rules if check.aspect in PERSONS]
    for check in rules:
        if check.reason is not None:
            return [*rules, Check(directive, FAIL, DIRECTIVE, None, enforce)]
    rules.append(Check(directive, PASS, None, None, enforce))
    return rules


def next_start(directives: Iterable[Directive], model: Model, organisation: str | None, now: Instant) -> float:
    """Give the instant (epoch seconds) at which the first of these that will bind the organisation comes into force, else infinity."""
    coming = [directive for directive in directives if now.wall < directive.valid_from]
    return min((one.valid_from for one in coming if one.enforce and not _frees(one, model, organisation)), default=math.inf)


def monitored(checks: Iterable[Check]) -> tuple[str, ...]:
    """Give the ids of the directives that would have refused, had they been enforced."""
    return tuple(
        check.source.id for check in checks if check.reason is DIRECTIVE and not check.binding and isinstance(check.source, Directive)
    )


def excepts(directive: Directive, model: Model, organisation: str | None) -> bool:
    """Say whether the directive excepts this organisation on this model."""
    if not organisation or organisation not in directive.except_organisations:
        return False
    return directive.except_models is None or model.id in directive.except_models


def _frees(directive: Directive, model: Model, organisation: str | None) -> bool:
    return not directive.binds_foreign_nationals and excepts(directive, model, organisation)
