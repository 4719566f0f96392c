"""What one worker says of itself in `gateway:replicas`; pure.

Every instant is on the store's clock, epoch seconds, so that reports of several hosts compare with each other and with the instant at
which a change was written. Durations were measured on the worker's own steady clock.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

LONGEST: Final = 65536
"""Bytes; a longer value is nobody's report."""

STEPS: Final = 8
"""Publications that a report remembers: whoever waits for one must find it although others came after it."""


class Step(Struct, frozen=True, kw_only=True):
    """One policy put in force: decided on for every running exchange, and the last byte of each that it ended has left.

    `follows` is the revision before; a step may take in several at once, and an edit by hand raises none. `applied_seconds`: from the
    news of the change to `applied_at`. `last_cut_at` is None where `cut` (exchanges ended) is 0. Instants are upper bounds.
    """

    revision: int
    follows: int
    applied_at: float
    applied_seconds: float
    cut: int = 0
    last_cut_at: float | None = None

    def takes_in(self, revision: int) -> bool:
        """Whether this step put the change with that revision in force."""
        return self.follows < revision <= self.revision


class Report(Struct, frozen=True, kw_only=True):
    """`revision` and `digest` are of the policy in force, `up` whether the store is heard, `streams` the exchanges under way.

    `through`: whatever was written before this instant is in force, edits by hand too (None: nothing is yet); a lower bound.
    `machine` tells processes of one kernel and process namespace, so that a dead one's neighbour can know. A worker unheard of for
    `expires_after` seconds is gone, or has ceased to permit gated models for want of a fresh policy. `steps`: the newest first.
    `tally`: exchanges under way, as `gateway.tally` counts them.
    """

    worker: str
    host: str
    pid: int
    machine: str = ""
    version: str
    started_at: float
    reported_at: float
    expires_after: float
    up: bool
    revision: int
    digest: str
    through: float | None = None
    streams: int = 0
    steps: tuple[Step, ...] = ()
    tally: dict[str, Any] = {}


def encode_report(report: Report) -> bytes:
    """Spell one field of `replicas`: the newest step is told at the top, the others under `earlier`."""
    newest, *earlier = report.steps or (None,)
    document = {name: getattr(report, name) for name in report.__struct_fields__ if name != "steps"}
    told = {} if newest is None else msgspec.to_builtins(newest)
    return msgspec.json.encode(document | told | {"earlier": earlier})


def decode_report(raw: bytes | str) -> Report | None:
    """Read one field of `replicas`; None where it is no report. Unknown fields are of a newer version, and are passed over."""
    try:
        document = msgspec.json.decode(raw[: LONGEST + 1], type=dict)
        steps = [*([document] if "applied_at" in document else []), *document.get("earlier", ())]
        return msgspec.convert(document | {"steps": steps}, Report)
    except (msgspec.MsgspecError, UnicodeError, TypeError, RecursionError):
        return None
