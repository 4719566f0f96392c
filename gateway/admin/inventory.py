"""What a snapshot holds, as rows for people and scripts; pure. Dates are RFC 3339, None where open."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.admin.instants import write_instant
from gateway.admin.limits import show_limits
from gateway.admin.signoffs import asks_for_keys, counts
from gateway.policy.snapshot import Grant, Model, SignOff, Snapshot
from gateway.policy.stage import in_force
from gateway.settings.approval_shape import OperatorSection

Row = dict[str, Any]


def partner_rows(snapshot: Snapshot, now: float, model: str | None = None) -> list[Row]:
    """List every grant, or those of one model id, by model and organisation; `state` as it is at `now` (epoch seconds)."""
    return [
        _partner(model_id, organisation, grant, snapshot, now)
        for model_id, grants in sorted(snapshot.grants.items())
        for organisation, grant in sorted(grants.items())
        if model in (None, model_id)
    ]


def model_rows(snapshot: Snapshot, now: float = -math.inf, operators: Sequence[OperatorSection] = ()) -> list[Row]:
    """List the catalogue in its order, each model once, with the stage that holds now and the number of grants.

    `operators`: whose sign-offs count.
    """
    return [_model(model, snapshot, now, operators) for model in _each_once(snapshot)]


def entry_counts(snapshot: Snapshot) -> Row:
    """Count what the store holds, by kind."""
    return {
        "grants": sum(map(len, snapshot.grants.values())),
        "stages": len(snapshot.stages),
        "directives": len(snapshot.directives),
        "revocations": len(snapshot.revocations),
        "invalid": len(snapshot.invalid),
    }


def invalid_rows(snapshot: Snapshot) -> list[Row]:
    """List the stored fields that did not parse, which deny what they cover, with what is wrong."""
    return [{"key": entry.key, "field": entry.field, "problem": entry.problem} for entry in snapshot.invalid]


def _partner(model: str, organisation: str, grant: Grant, snapshot: Snapshot, now: float) -> Row:
    problems = [entry.problem for entry in snapshot.invalid if entry.field == organisation and entry.key.endswith(f"allowlist:{model}")]
    return {
        "model": model,
        "organisation": organisation,
        "state": grant_state(grant, now),
        "from": _date(grant.valid_from),
        "until": _date(grant.valid_until),
        "evaluator": grant.evaluator,
        "covers_foreign_persons": grant.covers_foreign_persons,
        "waive": sorted(grant.waive),
        "owners": [f"{country}:{percent:g}" for country, percent in grant.ownership.shares] if grant.ownership else [],
        "limits": show_limits(grant.share),
        "authority": grant.authority,
        "problem": problems[0] if problems else "",
    }


def grant_state(grant: Grant, now: float) -> str:
    """Say whether a grant holds at `now` (epoch seconds): `in force`, `not yet`, `expired` or `invalid`."""
    if grant.invalid:
        return "invalid"
    if now < grant.valid_from:
        return "not yet"
    return "in force" if now < grant.valid_until else "expired"


def _model(model: Model, snapshot: Snapshot, now: float, operators: Sequence[OperatorSection]) -> Row:
    record = snapshot.stages.get(model.id)
    if record is not None:
        record = in_force(record, now)
    return {
        "model": model.id,
        "stage": str(model.stage if record is None else record.stage),
        "set_by": "settings" if record is None else ("invalid entry" if record.invalid else "store"),
        "since": record.since if record else "",
        "authority": record.authority if record else "",
        "next": f"{record.next_stage} from {_date(record.next_from)}" if record and record.next_stage else "",
        "signoffs": [_signoff(model, one, operators) for one in record.signoffs] if record else [],
        "gated": model.gated,
        "hidden": model.hidden,
        "aliases": list(model.aliases),
        "upstream": model.upstream,
        "grants": len(snapshot.grants.get(model.id, {})),
    }


def _signoff(model: Model, one: SignOff, operators: Sequence[OperatorSection]) -> str:
    said = f"{one.agency}: {one.stage} ({one.authority})"
    if not asks_for_keys(operators):
        return said
    return f"{said}, signed by {one.by}" if counts(model.id, one, operators) else f"{said}, not proved"


def _each_once(snapshot: Snapshot) -> Iterator[Model]:
    return iter({model.id: model for model in snapshot.catalogue.values()}.values())


def _date(instant: float) -> str | None:
    return write_instant(datetime.fromtimestamp(instant, UTC)) if math.isfinite(instant) else None
