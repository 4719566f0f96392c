"""The one question, asked the same way by admission, the sweep of running streams, `explain` and every other caller.

`_examine` puts every rule to the request; `decide` permits if no check refuses; `trace` shows the same checks. They cannot disagree.
"""

import math
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from gateway.policy.access import AccessRequest, Instant, Location, Subject
from gateway.policy.check import Check, check_plain, check_restrictions
from gateway.policy.decision import Decision, Denial, Permit
from gateway.policy.directive import Directive
from gateway.policy.enforcement import check_directive, covering, monitored, next_start
from gateway.policy.grant import NO_STANDING, Standing, standing
from gateway.policy.restrictions import FAIL, PASS
from gateway.policy.revocation import NOT_REVOKED, check_revocations
from gateway.policy.shelf import shelf
from gateway.policy.snapshot import Model, Snapshot
from gateway.policy.stage import GENERAL, check_stage, stage_of
from gateway.policy.vocabulary import PRECEDENCE, Reason, Stage

INITIALISED: Final = Check("policy:initialised", PASS)
UNINITIALISED: Final = Check("policy:initialised", FAIL, Reason.POLICY_UNINITIALISED)
FRESH: Final = Check("policy:fresh", PASS)
STALE: Final = Check("policy:fresh", FAIL, Reason.POLICY_STALE)
EXPIRED: Final = Check("token", FAIL, Reason.TOKEN_EXPIRED)
NOT_IN_CATALOGUE: Final = Check("catalogue", FAIL, Reason.MODEL_UNKNOWN)


def decide(request: AccessRequest, snapshot: Snapshot, now: Instant) -> Decision:
    """Permit or refuse `request` under `snapshot` at `now`; pure, total, never raises."""
    case = _examine(request, snapshot, now)
    refusals = [check for check in case.checks if check.reason is not None and check.binding]
    if refusals or case.model is None:
        return _deny(refusals, request, case.model, snapshot)
    return _permit(case, case.model, request, snapshot, now)


def trace(request: AccessRequest, snapshot: Snapshot, now: Instant) -> tuple[Check, ...]:
    """Give every check behind the decision, passed ones too, in the order in which a person would ask."""
    return tuple(_examine(request, snapshot, now).checks)


def visible_models(subject: Subject, location: Location, snapshot: Snapshot, now: Instant) -> tuple[Model, ...]:
    """Give the models that this caller may use from there, in catalogue order, each once under its id."""
    return tuple(
        model
        for name, model in snapshot.catalogue.items()
        if name == model.id and isinstance(decide(AccessRequest(subject, name, location), snapshot, now), Permit)
    )


class _Case(Struct, frozen=True, gc=False):
    """The request examined: its checks, and what a permit is made of. `perishable`: not to be served from an old policy.

    `dated`: some check may change by time alone.
    """

    checks: list[Check]
    model: Model | None = None
    standing: Standing = NO_STANDING
    directives: list[Directive] = []
    perishable: bool = True
    dated: bool = False


def _examine(request: AccessRequest, snapshot: Snapshot, now: Instant) -> _Case:
    checks = check_revocations(request.subject, snapshot, now) if snapshot.revocations else [NOT_REVOKED]
    checks.append(INITIALISED if snapshot.initialised else UNINITIALISED)
    if now.wall >= request.subject.cut_at:
        checks.append(EXPIRED)
    model = snapshot.catalogue.get(request.model) or shelf(request.model)
    if model is None:
        return _Case([*checks, NOT_IN_CATALOGUE])
    stage, source = stage_of(model, snapshot, now.wall)
    checks.append(check_stage(stage, source))
    perishable = model.gated or stage is not GENERAL
    if perishable:
        checks.append(FRESH if now.steady <= _fresh_until(snapshot) else STALE)
    stand = standing(request, model, stage, source, snapshot, now)
    checks += stand.checks
    dated = False
    if model.gated:
        rules = model.restrictions
        if rules.plain:
            checks += check_plain(rules, model, request, stand.waived)
        else:
            checks += check_restrictions(rules, model, request, stand.waived, now.wall, stand.owners)
            dated = True
        if model.by_stage:
            checks += _of_stage(model, stage, request, stand, now)
            dated = True
    directives = covering(model, snapshot.directives) if snapshot.directives else []
    for directive in directives:
        checks += check_directive(directive, model, request, stand.waived, now, stand.owners)
        dated = dated or not directive.rule.plain
    return _Case(checks, model, stand, directives, perishable, dated)


def _of_stage(model: Model, stage: Stage, request: AccessRequest, stand: Standing, now: Instant) -> Iterator[Check]:
    for name, rules in model.by_stage:
        if name is stage:
            yield from check_restrictions(rules, f"model:{model.id}:{stage}", request, stand.waived, now.wall, stand.owners)


def _fresh_until(snapshot: Snapshot) -> float:
    """Give the steady instant past which the snapshot is stale; never confirmed is never fresh, even if staleness is unbounded (NaN)."""
    return snapshot.confirmed_at + snapshot.max_staleness


def _permit(case: _Case, model: Model, request: AccessRequest, snapshot: Snapshot, now: Instant) -> Permit:
    stand, ends, dated = case.standing, request.subject.cut_at, case.dated
    if (grant := stand.grant) is not None:
        if grant.valid_until < ends:  # noqa: PLR1730 - a call of min costs a fiftieth of the whole decision
            ends = grant.valid_until
        dated = dated or not grant.conditions.plain
    record = snapshot.stages.get(model.id)
    if record is not None and now.wall < record.next_from:
        ends = min(ends, record.next_from)
    if dated:
        ends = min(ends, *(check.until for check in case.checks))
    return Permit(
        request,
        model,
        stand.grant,
        "grant" if stand.demanded else "stage:general",
        snapshot.revision,
        min(ends, next_start(case.directives, model, request.subject.organisation, now)) if case.directives else ends,
        _fresh_until(snapshot) if case.perishable else math.inf,
        monitored(case.checks) if case.directives else (),
    )


def _deny(refusals: list[Check], request: AccessRequest, model: Model | None, snapshot: Snapshot) -> Denial:
    """Collect all reasons; the first speaks, and of several rules with that reason one with a legal basis, then the first by name."""
    reasons = sorted({check.reason for check in refusals if check.reason}, key=PRECEDENCE.__getitem__)
    speaker = min((check for check in refusals if check.reason is reasons[0]), key=_prominence)
    order = speaker.source if isinstance(speaker.source, Directive) else Directive(id="")
    return Denial(
        tuple(reasons),
        request,
        model,
        speaker.rule,
        snapshot.revision,
        order.legal_basis,
        speaker.authority,
        order.message,
        order.contact,
    )


def _prominence(check: Check) -> tuple[bool, str]:
    return not (isinstance(check.source, Directive) and check.source.legal_basis), check.rule
