"""Leases: every relayed request holds one, and is decided on again whenever the answer may have changed.

A published snapshot re-decides the leases that the change can touch; time re-decides those whose `valid_until` has come and,
once the policy is stale, all. Work goes in slices bounded by time, so that a sweep never holds the loop for long.
"""

import asyncio
import heapq
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from msgspec import Struct

from gateway.policy.access import Instant
from gateway.policy.decide import decide
from gateway.policy.decision import Denial, Permit
from gateway.policy.snapshot import Model, Snapshot
from gateway.policy.vocabulary import Reason
from gateway.proxy.difference import Difference, difference

SLICE: Final = 0.001  # seconds of work in one turn of the loop
STRIDE: Final = 8  # decisions between two looks at the clock
TICK: Final = 0.25  # seconds; also bounds how late a step of the wall clock is noticed
SOONEST: Final = 0.001
STEP: Final = 0.01  # seconds by which the wall clock must fall behind within a tick to count as set back, not as slowed


class Lease(Protocol):
    """A running exchange, as the sweep sees it."""

    permit: Permit
    held: bool

    def cut(self, denial: Denial) -> None:
        """End the exchange now; the denial says why."""

    @property
    def leaving(self) -> bool:
        """Whether last bytes of an exchange that was cut still wait in this process for their reader."""


Held = dict[str | None, set[Lease]]


class Sweep(Struct, eq=False):
    """The decisions that one cause asks for; with `reason` that is settled, and each exchange ends. Instants are steady seconds.

    `since`: the cause was seen; `cuts`: exchanges ended; `cut_at`: when the last byte of the last of them had left, at the latest
    (None: none was ended).
    """

    todo: deque[Lease]
    since: float
    on_done: Callable[["Sweep"], None] | None = None
    cuts: int = 0
    cut_at: float | None = None
    ended: list[Lease] = []
    reason: Reason | None = None


class LeaseBook:
    """Every lease that is held, by model and organisation. `snapshot` is asked at each decision, so that none is made on an old policy.

    `on_swept(seconds, cuts)` is called when a sweep is done: how long after its cause, and how many exchanges it ended. It is done
    when every lease has been decided on and no byte of an exchange that it ended is left in this process.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        snapshot: Callable[[], Snapshot],
        clock: Callable[[], Instant],
        on_swept: Callable[[float, int], None],
    ) -> None:
        self._loop = loop
        self._snapshot = snapshot
        self._clock = clock
        self._on_swept = on_swept
        self._models: dict[str, tuple[Model, Held]] = {}
        self._dates: list[float] = []
        self._due: dict[float, set[Lease]] = {}
        self._sweeps: deque[Sweep] = deque()
        self._lapsed = -math.inf  # the horizon past which every lease has been decided on last
        self._offset = -math.inf  # of the wall clock from the steady one, at the last look
        self._timer: asyncio.TimerHandle | None = None
        self.on_monitored: Callable[[Permit, tuple[str, ...]], None] = lambda permit, before: None  # noqa: ARG005 (nobody counts)

    def __repr__(self) -> str:
        return f"<LeaseBook {len(self)} held, {sum(len(sweep.todo) for sweep in self._sweeps)} to decide>"

    def __len__(self) -> int:
        return sum(len(leases) for _, held in self._models.values() for leases in held.values())

    @property
    def settled(self) -> bool:
        """Whether every decision that was asked for has been made."""
        return not self._sweeps

    def count(self, model: str, organisation: str | None) -> int:
        """How many are held by one organisation on one model."""
        entry = self._models.get(model)
        return len(entry[1].get(organisation, ())) if entry is not None else 0

    def groups(self) -> Iterator[tuple[str, str | None, set[Lease]]]:
        """Leases by model id and organisation."""
        return ((model, organisation, leases) for model, (_, held) in self._models.items() for organisation, leases in held.items())

    def start(self) -> None:
        """Begin watching the time."""
        self._offset = _offset(self._clock())
        self._timer = self._loop.call_later(TICK, self._on_time)

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()

    def hold(self, lease: Lease) -> None:
        """Enter a lease in the same turn in which it was decided on."""
        lease.held = True
        permit = lease.permit
        model, organisation = permit.model, permit.request.subject.organisation
        entry = self._models.get(model.id)
        if entry is None:
            entry = self._models[model.id] = (model, {})
        leases = entry[1].get(organisation)
        if leases is None:
            leases = entry[1][organisation] = set()
        leases.add(lease)
        if permit.valid_until != math.inf:
            self._date(lease, permit.valid_until)

    def release(self, lease: Lease) -> None:
        """The exchange has ended."""
        lease.held = False
        permit = lease.permit
        held, organisation = self._models[permit.model.id][1], permit.request.subject.organisation
        leases = held[organisation]
        leases.discard(lease)
        if not leases:
            del held[organisation]
        if permit.valid_until != math.inf:
            self._due.get(permit.valid_until, set()).discard(lease)

    def published(self, old: Snapshot, new: Snapshot, since: float | None = None, on_done: Callable[[Sweep], None] | None = None) -> None:
        """Decide again on the leases that the change from `old` to `new`, seen at `since` (steady; None: now), can touch."""
        self._enqueue(self._touched(difference(old, new)), since, on_done)

    def disown(self, issuers: frozenset[str]) -> None:
        """End every exchange whose subject rests on the word of one of these issuers alone: it is not believed any more."""
        ended = [lease for lease in self._everyone() if lease.permit.request.subject.issuer in issuers]
        if ended:
            self._enqueue(ended, reason=Reason.ISSUER_UNKNOWN)

    def _everyone(self) -> Iterator[Lease]:
        return (lease for _, held in self._models.values() for leases in held.values() for lease in leases)

    def _touched(self, change: Difference) -> Iterator[Lease]:
        for model, held in self._models.values():
            whole = change.touches_model(change.new.catalogue.get(model.id, model))  # a reload may have gated what is held
            for organisation, leases in held.items():
                if whole or change.touches_organisation(model, organisation):
                    yield from leases
                elif change.touches_subjects:
                    yield from (lease for lease in leases if change.touches_subject(lease.permit.request.subject))

    def _date(self, lease: Lease, until: float) -> None:
        """Leases that end at one instant share an entry, so that the dates kept are as few as the grants' and tokens' ends."""
        leases = self._due.get(until)
        if leases is None:
            leases = self._due[until] = set()
            heapq.heappush(self._dates, until)
            if self._dates[0] == until and self._timer is not None:
                self._come_back(self._timer, until - self._clock().wall)
        leases.add(lease)

    def _enqueue(
        self,
        leases: Iterable[Lease],
        since: float | None = None,
        on_done: Callable[[Sweep], None] | None = None,
        reason: Reason | None = None,
    ) -> None:
        self._sweeps.append(Sweep(deque(leases), self._clock().steady if since is None else since, on_done, reason=reason))
        if len(self._sweeps) == 1:
            self._sweep()

    def _sweep(self) -> None:
        """One slice; the rest in the next turn of the loop, whatever happens in this one."""
        try:
            self._slice(time.perf_counter() + SLICE)
        finally:
            if self._sweeps:
                self._loop.call_soon(self._sweep)

    def _slice(self, end: float) -> None:
        snapshot, now, sweeps = self._snapshot(), self._clock(), self._sweeps
        while sweeps and time.perf_counter() < end:
            sweep = sweeps[0]
            for _ in range(min(STRIDE, len(sweep.todo))):
                lease = sweep.todo.popleft()
                if lease.held:
                    self._redecide(lease, snapshot, now, sweep)
            if not sweep.todo:
                sweeps.popleft()
                self._loop.call_soon(self._see_off, sweep)

    def _see_off(self, sweep: Sweep) -> None:
        """What was written last leaves at the end of the turn or, where its reader is slow, later: until then the sweep is not done."""
        if sweep.ended:
            sweep.ended = [lease for lease in sweep.ended if lease.leaving]
            if sweep.ended:
                self._loop.call_later(SOONEST, self._see_off, sweep)
                return
            sweep.cut_at = self._clock().steady
        self._on_swept((sweep.cut_at or self._clock().steady) - sweep.since, sweep.cuts)
        if sweep.on_done is not None:
            sweep.on_done(sweep)

    def _redecide(self, lease: Lease, snapshot: Snapshot, now: Instant, sweep: Sweep) -> None:
        known = lease.permit
        settled = None if sweep.reason is None else Denial((sweep.reason,), known.request, known.model, revision=snapshot.revision)
        decision = settled or decide(known.request, snapshot, now)
        if isinstance(decision, Denial):
            sweep.cuts += 1
            sweep.ended.append(lease)
            lease.cut(decision)
            return
        if decision.monitored:
            self.on_monitored(decision, known.monitored)
        self.release(lease)
        lease.permit = decision
        self.hold(lease)

    def _on_time(self) -> None:
        """Decide on what is due; come back for the next date, at the latest in one tick, whatever happens in this turn."""
        now, snapshot = self._clock(), self._snapshot()
        horizon = snapshot.confirmed_at + snapshot.max_staleness
        try:
            due = self._fallen_due(now, horizon)
            if due:
                self._enqueue(due)
        finally:
            ahead = TICK if now.steady > horizon else max(horizon - now.steady, SOONEST)
            if self._dates:
                ahead = min(self._dates[0] - now.wall, ahead)
            self._timer = self._loop.call_later(max(min(ahead, TICK), SOONEST), self._on_time)

    def _come_back(self, timer: asyncio.TimerHandle, ahead: float) -> None:
        """A lease ends sooner than the next look: look then."""
        ahead = max(ahead, SOONEST)
        if self._loop.time() + ahead < timer.when():
            timer.cancel()
            self._timer = self._loop.call_later(ahead, self._on_time)

    def _fallen_due(self, now: Instant, horizon: float) -> list[Lease]:
        """Give the leases whose date has come. When the policy has become stale, all; so too where the wall clock was set back.

        What had ended may be in force again then, and what had begun not yet.
        """
        due: list[Lease] = []
        while self._dates and self._dates[0] <= now.wall:
            due.extend(self._due.pop(heapq.heappop(self._dates)))
        offset, lapsed = _offset(now), now.steady > horizon > self._lapsed
        if lapsed or offset < self._offset - STEP:
            due = list(self._everyone())
        self._lapsed, self._offset = horizon if lapsed else self._lapsed, offset
        return due


def _offset(now: Instant) -> float:
    return now.wall - now.steady
