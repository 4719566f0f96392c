"""A change that waits for a second operator, bound to its content: its name is the digest of what it writes and replaces. Pure."""

import hashlib
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.admin.instants import write_instant
from gateway.admin.operators import Proof
from gateway.errors import CommandError
from gateway.store.document import LATEST
from gateway.store.edit import Edit

LENGTH: Final = 32
"""Hexadecimal digits of a change's name: 128 bits of its digest, so that who asks cannot find two contents of one name."""


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """One edit; `before` is the SHA-256 of what it replaces, empty for nothing."""

    what: str
    key: str
    field: str
    after: str | None
    before: str


class Content(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for, by whom, why, and until when it may be approved (epoch seconds)."""

    steps: tuple[Step, ...]
    who: str
    why: str
    at: float
    until: float

    @property
    def name(self) -> str:
        """The change's name, by its content."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:LENGTH]

    def statement(self, verb: str) -> bytes:
        """What is signed by who asks (`propose`) and who approves (`approve`)."""
        return f"gateway {verb} ".encode() + hashlib.sha256(msgspec.json.encode(self)).digest()

    def expires(self, valid_for: float) -> float:
        """Give the instant (epoch seconds) from which it cannot be approved: what who asked wrote, or sooner where settings allow less."""
        return min(self.until, self.at + valid_for)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What is to be written."""
        return tuple(Edit(step.what, step.key, step.field, None if step.after is None else step.after.encode()) for step in self.steps)


class Pending(Struct, frozen=True, forbid_unknown_fields=True):
    """The entry in the store."""

    content: Content
    proof: Proof


class Approved(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept with a change that two operators made: the content that both have signed, and how each has."""

    content: Content
    asked: Proof
    approved: Proof


def content_of(edits: Sequence[Edit], befores: Sequence[bytes | None], who: str, why: str, at: float, valid_for: float) -> Content:
    """Make the content of a proposal, at `at` (epoch seconds)."""
    steps = (
        Step(edit.what, edit.key, edit.field, None if edit.after is None else edit.after.decode(), digest(before))
        for edit, before in zip(edits, befores, strict=True)
    )
    return Content(tuple(steps), who, why, float(math.floor(at)), float(math.floor(at + valid_for)))


def digest(value: bytes | None) -> str:
    """Name what a field holds; empty for nothing."""
    return "" if value is None else hashlib.sha256(value).hexdigest()


def read_pending(name: str, raw: bytes | str) -> Pending:
    """Read an entry; CommandError where it does not say what its name says."""
    try:
        pending = msgspec.json.decode(raw, type=Pending)
    except (msgspec.MsgspecError, UnicodeError):
        raise CommandError(f"change {name!r} cannot be read: ask for it again.") from None
    if not 0 <= pending.content.at <= pending.content.until <= LATEST:
        raise CommandError(f"change {name!r} says no instant at which it was asked for, or ends: ask for it again.")
    if pending.content.name != name:
        raise CommandError(f"change {name!r} is not what was asked for: its content was altered. Ask for it again.")
    return pending


def pending_rows(entries: dict[str, str], now: float, valid_for: float) -> list[dict[str, Any]]:
    """List what waits, with all that it would write; `valid_for` (seconds) as the settings have it."""
    return [_row(name, raw, now, valid_for) for name, raw in sorted(entries.items())]


def _row(name: str, raw: str, now: float, valid_for: float) -> dict[str, Any]:
    try:
        content = read_pending(name, raw).content
    except CommandError as problem:
        return {"change": name, "state": "invalid", "problem": str(problem)}
    return {
        "change": name,
        "state": "waiting" if now < content.expires(valid_for) else "expired",
        "who": content.who,
        "why": content.why,
        "until": write_instant(datetime.fromtimestamp(content.expires(valid_for), UTC)),
        "steps": [f"{step.what} {step.key} {step.field} {step.after or ''}".strip() for step in content.steps],
    }
