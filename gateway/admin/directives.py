"""Directives as commands and as rows; pure."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from gateway.admin.instants import write_instant
from gateway.errors import CommandError
from gateway.policy.directive import Directive
from gateway.policy.snapshot import Snapshot

LONGEST_TEXT: Final = 1024


class ApplyDirective(Struct, frozen=True):
    """Put the directive `id` in force, in the place of those that it `supersedes`; `entry` is the JSON object to be stored."""

    id: str
    entry: Mapping[str, object]
    supersedes: tuple[str, ...] = ()
    reason: str = ""


class LiftDirective(Struct, frozen=True):
    """Take the directive `id` away."""

    id: str
    reason: str = ""


def lift_directive(name: str, *, reason: str = "") -> LiftDirective:
    """Check a lifting; raises CommandError with the right form."""
    if not name or not name.isprintable():
        raise CommandError("write the directive's id as `gateway directive list` shows it")
    if len(reason) > LONGEST_TEXT or not reason.isprintable():
        raise CommandError(f"--reason: write at most {LONGEST_TEXT} printable characters on one line.")
    return LiftDirective(name, reason)


def directive_rows(snapshot: Snapshot, now: float) -> list[dict[str, Any]]:
    """List every directive by its id; `state` as it is at `now` (epoch seconds). An unreadable key shows as one that covers all."""
    problems = {entry.field: entry.problem for entry in snapshot.invalid if entry.key.endswith("directives")}
    return [_row(directive, now, problems.get(directive.id, "")) for directive in snapshot.directives]


def _row(directive: Directive, now: float, problem: str) -> dict[str, Any]:
    return {
        "id": directive.id,
        "state": directive_state(directive, now),
        "mode": "enforce" if directive.enforce else "monitor",
        "effect": str(directive.effect),
        "models": "every gated model" if directive.models is None else sorted(directive.models),
        "from": _date(directive.valid_from),
        "until": _date(directive.valid_until),
        "except_organisations": sorted(directive.except_organisations),
        "except_models": None if directive.except_models is None else sorted(directive.except_models),
        "their_foreign_national_employees": bool(directive.except_organisations) and not directive.binds_foreign_nationals,
        "authority": directive.authority,
        "legal_basis": directive.legal_basis,
        "contact": directive.contact,
        "problem": problem,
    }


def directive_state(directive: Directive, now: float) -> str:
    """Say whether a directive holds at `now` (epoch seconds): `in force`, `not yet`, `over` or `invalid` (it denies)."""
    if directive.invalid:
        return "invalid"
    if now < directive.valid_from:
        return "not yet"
    return "in force" if now < directive.valid_until else "over"


def _date(instant: float) -> str | None:
    return write_instant(datetime.fromtimestamp(instant, UTC)) if math.isfinite(instant) else None
