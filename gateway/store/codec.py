"""Stored JSON <-> grants, stage records, directives, revocations; pure. Each decoder answers (value, problem).

It never raises: where `problem` is not empty, the value is one that denies what the entry covers. `{}` is an unconditional grant, a
directive that suspends every gated model, a revocation for good. Times are RFC 3339 with a zone, or epoch seconds.
"""

import math
from typing import Any, Literal

from msgspec import Struct, field, structs

from gateway.policy.directive import Directive
from gateway.policy.share import LEAST, UNLIMITED
from gateway.policy.snapshot import Grant, Revocation, SignOff, StageRecord
from gateway.policy.vocabulary import Effect, Stage
from gateway.settings.shape import RestrictionsSection, ShareSection
from gateway.store.document import ProblemError, read_as, read_object, read_time
from gateway.store.rules import Expand, Owner, demands_nothing, read_ownership, read_restrictions, read_share

Time = str | float


class _Entry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    authority: str = ""
    reason: str = ""


class _Grant(_Entry, frozen=True, kw_only=True):
    start: Time | None = field(default=None, name="from")
    until: Time | None = None
    evaluator: bool = False
    covers_foreign_persons: bool = False
    waive: tuple[Literal["anonymizer", "hosting"], ...] = ()
    conditions: RestrictionsSection = RestrictionsSection()
    ownership: tuple[Owner, ...] = ()
    limits: ShareSection | None = None


class _SignOff(Struct, frozen=True, forbid_unknown_fields=True):
    agency: str
    stage: Stage
    authority: str
    by: str = ""
    at: str = ""
    proof: str = ""


class _Next(Struct, frozen=True, forbid_unknown_fields=True):
    stage: Stage
    start: Time = field(name="from")
    authority: str = ""


class _Stage(_Entry, frozen=True, kw_only=True):
    stage: Stage
    since: Time = ""
    signoffs: tuple[_SignOff, ...] = ()
    next: _Next | None = None


class _Directive(_Entry, frozen=True, kw_only=True):
    effect: Effect = Effect.SUSPEND
    models: tuple[str, ...] | None = None
    rule: RestrictionsSection | None = None
    start: Time | None = field(default=None, name="from")
    until: Time | None = None
    except_organisations: tuple[str, ...] = ()
    except_models: tuple[str, ...] | None = None
    binds_foreign_nationals: bool = False
    legal_basis: str = ""
    message: str = ""
    contact: str = ""
    mode: Literal["enforce", "monitor"] = "enforce"


class _Revocation(_Entry, frozen=True, kw_only=True):
    until: Time | None = None


def decode_grant(raw: bytes, expand: Expand) -> tuple[Grant, str]:
    """One field of an allowlist. Malformed and speaking of limits, it leaves the least share even where no grant is demanded."""
    try:
        return _grant(read_as(_present(raw), _Grant), expand), ""
    except ProblemError as problem:
        return Grant(invalid=True, share=LEAST if b"limits" in raw else UNLIMITED), str(problem)


def decode_stage(raw: bytes) -> tuple[StageRecord, str]:
    """One field of `models`."""
    try:
        entry = read_as(_present(raw), _Stage)
        if entry.since != "":
            read_time(entry.since, "since")
        return _stage(entry), ""
    except ProblemError as problem:
        return StageRecord(Stage.SUSPENDED, invalid=True), str(problem)


def decode_directive(name: str, raw: bytes, expand: Expand) -> tuple[Directive, str]:
    """One field of `directives`; `name` is its id. Malformed, it still covers the models that it readably names, else all gated."""
    document: dict[str, Any] = {}
    try:
        document = _present(raw)
        return _directive(name, read_as(document, _Directive), expand), ""
    except ProblemError as problem:
        return Directive(id=name, models=_readable(document.get("models")), invalid=True), str(problem)


def decode_revocation(raw: bytes) -> tuple[Revocation, str]:
    """One field of `revocations`."""
    try:
        entry = read_as(_present(raw), _Revocation)
        _, until = _period(None, entry.until)
        return Revocation(until=until, reason=entry.reason), ""
    except ProblemError as problem:
        return Revocation(invalid=True), str(problem)


def _present(raw: bytes) -> dict[str, Any]:
    document = read_object(raw)
    empty = [name for name, value in document.items() if value is None]
    if empty:
        raise ProblemError(f"{empty[0][:64]}: null; leave the field out instead")
    return document


def _grant(entry: _Grant, expand: Expand) -> Grant:
    start, until = _period(entry.start, entry.until)
    return Grant(
        valid_from=start,
        valid_until=until,
        evaluator=entry.evaluator,
        covers_foreign_persons=entry.covers_foreign_persons,
        conditions=read_restrictions(entry.conditions, expand),
        waive=frozenset(entry.waive),
        authority=entry.authority,
        ownership=read_ownership(entry.ownership),
        share=UNLIMITED if entry.limits is None else read_share(entry.limits),
    )


def _stage(entry: _Stage) -> StageRecord:
    signoffs = tuple(SignOff(one.agency, one.stage, one.authority, one.by, one.at, one.proof) for one in entry.signoffs)
    record = StageRecord(entry.stage, str(entry.since), entry.authority, signoffs=signoffs)
    if entry.next is None:
        return record
    start = read_time(entry.next.start, "next.from")
    return structs.replace(record, next_stage=entry.next.stage, next_from=start, next_authority=entry.next.authority)


def _directive(name: str, entry: _Directive, expand: Expand) -> Directive:
    if entry.models == ():
        raise ProblemError("models: empty; name at least one, or leave it out to cover every gated model")
    if entry.except_models == ():
        raise ProblemError("except_models: empty; name at least one, or leave it out to except on every model covered")
    if (entry.effect is Effect.RESTRICT) != (entry.rule is not None):
        raise ProblemError('effect "restrict" needs a rule, and "suspend" takes none')
    if entry.rule is not None and demands_nothing(entry.rule):
        raise ProblemError('rule: empty, so it would restrict nobody; write for example {"us_person": true}')
    start, until = _period(entry.start, entry.until)
    return Directive(
        id=name,
        effect=entry.effect,
        models=None if entry.models is None else frozenset(entry.models),
        rule=read_restrictions(entry.rule or RestrictionsSection(), expand),
        valid_from=start,
        valid_until=until,
        except_organisations=frozenset(entry.except_organisations),
        except_models=None if entry.except_models is None else frozenset(entry.except_models),
        binds_foreign_nationals=entry.binds_foreign_nationals,
        authority=entry.authority,
        legal_basis=entry.legal_basis,
        message=entry.message,
        contact=entry.contact,
        enforce=entry.mode == "enforce",
    )


def _period(start: Time | None, until: Time | None) -> tuple[float, float]:
    first = -math.inf if start is None else read_time(start, "from")
    end = math.inf if until is None else read_time(until, "until")
    if end <= first:
        raise ProblemError("until: not after from")
    return first, end


def _readable(models: object) -> frozenset[str] | None:
    if isinstance(models, list) and models and all(isinstance(name, str) for name in models):
        return frozenset(models)
    return None
