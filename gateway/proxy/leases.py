"""Leases: every relayed request holds one, and is decided on again whenever the answer may have changed.

A published snapshot re-decides the leases of the models it touches; time re-decides those whose `valid_until` has come and,
once the policy is stale, all. Work goes in slices, so that a sweep never holds the loop for long.
"""

import asyncio
import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from gateway.policy.access import Instant
from gateway.policy.decide import decide
from gateway.policy.decision import Denial, Permit
from gateway.policy.snapshot import Snapshot

SLICE: Final = 128  # decisions per turn of the loop: well under a millisecond
TICK: Final = 0.25  # seconds; also bounds how late a step of the wall clock is noticed


class Lease(Protocol):
    """A running exchange, as the sweep sees it."""

    permit: Permit
    held: bool

    def cut(self, denial: Denial) -> None:
        """End the exchange now; the denial says why."""


class LeaseBook:
    """Every lease that is held, by model. `snapshot` is asked at each decision, so that none is made on an old policy."""

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
        self._by_model: dict[str, set[Lease]] = {}
        self._dates: list[float] = []
        self._due: dict[float, set[Lease]] = {}
        self._pending: deque[Lease] = deque()
        self._sweep_began = 0.0
        self._cuts = 0
        self._stale = False
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<LeaseBook {len(self)} held, {len(self._pending)} to decide>"

    def __len__(self) -> int:
        return sum(map(len, self._by_model.values()))

    def start(self) -> None:
        """Begin watching the time."""
        self._timer = self._loop.call_later(TICK, self._on_time)

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()

    def hold(self, lease: Lease) -> None:
        """Enter a lease in the same turn in which it was decided on."""
        lease.held = True
        permit = lease.permit
        leases = self._by_model.get(permit.model.id)
        if leases is None:
            leases = self._by_model[permit.model.id] = set()
        leases.add(lease)
        if permit.valid_until != math.inf:
            self._date(lease, permit.valid_until)

    def release(self, lease: Lease) -> None:
        """The exchange has ended."""
        lease.held = False
        permit = lease.permit
        self._by_model[permit.model.id].discard(lease)
        if permit.valid_until != math.inf:
            self._due.get(permit.valid_until, set()).discard(lease)

    def published(self, models: frozenset[str] | None) -> None:
        """Decide again on the leases of `models` (None: all): the policy about them has changed."""
        names = self._by_model.keys() if models is None else models & self._by_model.keys()
        self._enqueue(lease for name in names for lease in self._by_model[name])

    def _date(self, lease: Lease, until: float) -> None:
        """Leases that end at one instant share an entry, so that the dates kept are as few as the grants' and tokens' ends."""
        leases = self._due.get(until)
        if leases is None:
            leases = self._due[until] = set()
            heapq.heappush(self._dates, until)
        leases.add(lease)

    def _enqueue(self, leases: Iterable[Lease]) -> None:
        idle = not self._pending
        self._pending.extend(leases)
        if idle and self._pending:
            self._sweep_began = self._loop.time()
            self._cuts = 0
            self._sweep()

    def _sweep(self) -> None:
        """One slice; the rest in the next turn of the loop."""
        snapshot, now, pending = self._snapshot(), self._clock(), self._pending
        for _ in range(min(SLICE, len(pending))):
            lease = pending.popleft()
            if lease.held:
                self._redecide(lease, snapshot, now)
        if pending:
            self._loop.call_soon(self._sweep)
        elif self._cuts:
            self._on_swept(self._loop.time() - self._sweep_began, self._cuts)

    def _redecide(self, lease: Lease, snapshot: Snapshot, now: Instant) -> None:
        decision = decide(lease.permit.request, snapshot, now)
        if isinstance(decision, Denial):
            self._cuts += 1
            lease.cut(decision)
            return
        self.release(lease)
        lease.permit = decision
        self.hold(lease)

    def _on_time(self) -> None:
        """Decide on what is due; come back for the next date, at the latest in one tick."""
        now, snapshot = self._clock(), self._snapshot()
        due: list[Lease] = []
        while self._dates and self._dates[0] <= now.wall:
            due.extend(self._due.pop(heapq.heappop(self._dates)))
        horizon = snapshot.confirmed_at + snapshot.max_staleness
        stale = now.steady > horizon
        if stale and not self._stale:
            due.extend(lease for leases in self._by_model.values() for lease in leases)
        self._stale = stale
        self._enqueue(due)
        ahead = min(self._dates[0] - now.wall if self._dates else TICK, TICK, TICK if stale else max(horizon - now.steady, 0.001))
        self._timer = self._loop.call_later(max(ahead, 0.001), self._on_time)
