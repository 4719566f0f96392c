"""Who has applied a change, read from the workers' reports; pure.

Compared are instants on one clock, the store's: when the change was written (read in its transaction) and when a worker's last byte of
a stream that it cut had left (told by that worker, which reads the store's clock with each report; at the latest, never earlier).
`applied_ms` alone is a duration on the worker's own clock. The clocks of hosts are never compared.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct, structs

from gateway.store.report import Report, Step, decode_report

MARGIN: Final = 0.1
"""Seconds after a write from which `through` covers it for certain; needed where no step tells of its revision."""


class State(StrEnum):
    """Of one worker, as to one change. `gone`: not heard of for as long as it said itself; `ended`: its entry was taken away."""

    APPLIED = "applied"
    WAITING = "waiting"
    UNREADABLE = "unreadable"
    ENDED = "ended"
    GONE = "gone"


UNANSWERED: Final = frozenset((State.WAITING, State.UNREADABLE))


class Awaited(Struct, frozen=True):
    """One change (`revision`), or everything (None), written before `instant`, epoch seconds on the store's clock."""

    instant: float
    revision: int | None = None


class Answer(Struct, frozen=True, kw_only=True):
    """One worker's. `revision`: where it stands; `applied_ms`: from the news of the change until it was applied, on its own clock.

    `cut`: exchanges that the change ended; `last_byte_ms`: from the write to the last byte of the last of them; `in_force_ms`: from the
    write until it was applied. None where that is not known, or nothing was cut. `silent_s`: since it reported last.
    """

    worker: str
    state: State
    revision: int | None = None
    applied_ms: float | None = None
    cut: int | None = None
    last_byte_ms: float | None = None
    in_force_ms: float | None = None
    silent_s: float | None = None


class Acknowledgement(Struct, frozen=True):
    """Every worker's answer. Without any that has applied the change nothing is proved."""

    answers: tuple[Answer, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every live worker has applied it, and at least one lives."""
        states = {answer.state for answer in self.answers}
        return State.APPLIED in states and not states & UNANSWERED

    @property
    def unanswered(self) -> tuple[Answer, ...]:
        """Those that have not."""
        return tuple(answer for answer in self.answers if answer.state in UNANSWERED)


def acknowledge(awaited: Awaited, entries: Mapping[str, str], now: float, seen: Collection[str] = ()) -> Acknowledgement:
    """Judge the entries of `replicas` as they are at `now` (the store's clock); `seen` are keys that were there before."""
    present = [_answer(key, decode_report(told), awaited, now) for key, told in sorted(entries.items())]
    ended = [Answer(worker=key, state=State.ENDED) for key in sorted(set(seen) - entries.keys())]
    return Acknowledgement((*present, *ended))


def _answer(key: str, report: Report | None, awaited: Awaited, now: float) -> Answer:
    if report is None:
        return Answer(worker=key, state=State.UNREADABLE)
    silent = now - report.reported_at
    answer = Answer(worker=key, state=State.APPLIED, revision=report.revision, silent_s=max(0.0, silent))
    if (step := _step(report, awaited)) is not None:
        return structs.replace(
            answer,
            applied_ms=step.applied_seconds * 1e3,
            cut=step.cut,
            last_byte_ms=None if step.last_cut_at is None else (step.last_cut_at - awaited.instant) * 1e3,
            in_force_ms=(step.applied_at - awaited.instant) * 1e3,
        )
    if report.through is not None and report.through >= awaited.instant + (0.0 if awaited.revision is None else MARGIN):
        return answer
    return structs.replace(answer, state=State.GONE if silent > report.expires_after else State.WAITING)


def _step(report: Report, awaited: Awaited) -> Step | None:
    """Find the step that took the change in; one from before it is of a policy that was lost since."""
    if awaited.revision is None:
        return None
    revision = awaited.revision
    return next((step for step in report.steps if step.takes_in(revision) and step.applied_at >= awaited.instant), None)
