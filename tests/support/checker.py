"""The model checker: compares what an observer logged with what the ledger says was permitted. Pure; every finding is a violation."""

from array import array
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import pairwise

from msgspec import Struct, field
from support.ledger import Key, Ledger

OK = 200


class Fault(StrEnum):
    LATE_BYTE = "a byte of a revoked stream later than the bound"
    LATE_ALLOW = "a request was let through later than the bound"
    NEEDLESS_REFUSAL = "somebody else was refused"
    NEEDLESS_CUT = "somebody else's stream was cut"
    CLEAN_END = "a stream that was cut looks whole"
    STALL = "a stream stood still"
    UNANSWERED = "a request was never answered"


class Ending(StrEnum):
    """How a stream ended for its reader. `LEFT`: the reader went away."""

    TOLD = "an error event, then the connection broke off"
    BROKEN = "the connection broke off"
    CLEAN = "as if whole"
    LEFT = "left"


class StreamLog(Struct):
    """One stream as its reader saw it; `arrivals` of every read, the head's included. `ended_at` 0: it still runs."""

    key: Key
    asked_at: float
    arrivals: "array[float]" = field(default_factory=lambda: array("d"))
    status: int = 0
    reason: str = ""
    ended_at: float = 0.0
    ending: Ending | None = None

    @property
    def flowing(self) -> bool:
        """Whether it was let through and runs."""
        return self.status == OK and not self.ended_at


class ProbeLog(Struct, frozen=True):
    """One short request at the gate number `door`; status 0: no answer came."""

    key: Key
    asked_at: float
    answered_at: float
    status: int
    reason: str = ""
    door: int = 0


class Violation(Struct, frozen=True):
    """One thing that must not be."""

    fault: Fault
    key: Key
    at: float
    note: str = ""

    def __str__(self) -> str:
        return f"{self.fault}: {'/'.join(self.key)} at {self.at:.3f} {self.note}"


def check(ledger: Ledger, streams: Iterable[StreamLog], probes: Iterable[ProbeLog], now: float) -> list[Violation]:
    """Find every violation in the logs up to `now`."""
    found = [violation for stream in streams for violation in check_stream(ledger, stream, now)]
    return found + [violation for probe in probes for violation in check_probe(ledger, probe)]


def check_stream(ledger: Ledger, stream: StreamLog, now: float) -> Iterator[Violation]:
    """A stream that was refused is a request like any other."""
    if stream.status not in (0, OK):
        yield from check_probe(ledger, ProbeLog(stream.key, stream.asked_at, stream.arrivals[0], stream.status, stream.reason))
        return
    late = [at for at in stream.arrivals if ledger.forbidden(stream.key, at)]
    if late:
        yield Violation(Fault.LATE_BYTE, stream.key, late[0], f"and {len(late) - 1} more, the last at {late[-1]:.3f}")
    yield from _check_ending(ledger, stream)
    yield from _check_flow(ledger, stream, now)


def check_probe(ledger: Ledger, probe: ProbeLog) -> Iterator[Violation]:
    """Check one short request."""
    told = f"status {probe.status} {probe.reason}"
    if probe.status == OK and ledger.forbidden(probe.key, probe.answered_at):
        yield Violation(Fault.LATE_ALLOW, probe.key, probe.answered_at, told)
    elif probe.status == 0:
        yield Violation(Fault.UNANSWERED, probe.key, probe.asked_at)
    elif probe.status != OK and ledger.owed(probe.key, probe.asked_at, probe.answered_at):
        yield Violation(Fault.NEEDLESS_REFUSAL, probe.key, probe.answered_at, told)


def _check_ending(ledger: Ledger, stream: StreamLog) -> Iterator[Violation]:
    """The upstream never ends a stream: whoever else ends one, cuts it."""
    if not stream.ended_at or stream.ending is Ending.LEFT:
        return
    if stream.ending is Ending.CLEAN:
        yield Violation(Fault.CLEAN_END, stream.key, stream.ended_at)
    if ledger.owed(stream.key, stream.ended_at, stream.ended_at):
        yield Violation(Fault.NEEDLESS_CUT, stream.key, stream.ended_at, stream.reason)


def _check_flow(ledger: Ledger, stream: StreamLog, now: float) -> Iterator[Violation]:
    marks = [stream.asked_at, *stream.arrivals, stream.ended_at or now]
    for before, after in pairwise(marks):
        if after - before > ledger.bound.reachable and ledger.owed(stream.key, before, before + ledger.bound.reachable):
            yield Violation(Fault.STALL, stream.key, before, f"for {after - before:.3f} s")
            return
