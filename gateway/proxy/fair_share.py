"""Fair share: no organisation takes more of a model than it may, on all workers together.

A permitted request takes one from what this worker holds of its organisation's share: arithmetic on memory. What is held is taken from
the store ahead of need; a request that finds nothing waits for one round trip, unless the store has said when there will be more: then it
is refused at once. While the store cannot count, each worker keeps to its part, or refuses.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Final, Protocol

from msgspec import Struct

from gateway.errors import StoreUnavailableError
from gateway.policy.access import Instant
from gateway.policy.decision import Denial, Permit
from gateway.policy.share import UNLIMITED, Excess
from gateway.policy.snapshot import Snapshot
from gateway.policy.vocabulary import Reason
from gateway.proxy.allotment import PATIENCE, RECHECK, Allotment
from gateway.proxy.leases import LeaseBook
from gateway.store.shares import Asked, Given

EVERY: Final = 1.0
"""Seconds after which unused requests are given back and places renewed; and between two attempts while the store is away."""
FORGET: Final = 60
"""Rounds without any request after which an allotment is dropped."""


class Store(Protocol):
    """Who counts for the whole fleet."""

    async def take(self, asked: Sequence[Asked]) -> list[Given]:
        """Settle each. Raises StoreUnavailableError."""


class Wish(Struct, frozen=True):
    """What is asked for one allotment: `spent` besides what it was given, `requests` more, `places` in all; `more`: than it uses."""

    allotment: Allotment
    spent: int
    requests: int
    places: int
    more: bool = False

    @property
    def asked(self) -> Asked:
        """As the store is asked."""
        own = self.allotment
        return Asked(own.model, own.organisation or "", own.share, self.spent, self.requests, self.places)


class FairShare:
    """`store` None: each worker counts its part by itself. `workers` says how many live; `on_taken(outcome)` hears of each question."""

    def __init__(
        self,
        store: Store | None,
        leases: LeaseBook,
        snapshot: Callable[[], Snapshot],
        clock: Callable[[], Instant],
        workers: Callable[[], int],
        on_taken: Callable[[str], None],
        *,
        refuse_when_away: bool = False,
    ) -> None:
        self.store = store
        self._leases = leases
        self._snapshot = snapshot
        self._clock = clock
        self._workers = workers
        self._on_taken = on_taken
        self.refuse_when_away = refuse_when_away
        self.away = False
        self._allotments: dict[tuple[str, str | None], Allotment] = {}
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<FairShare {len(self._allotments)} in use{', the store is away' if self.away else ''}>"

    def start(self) -> None:
        """Begin to give back and to renew."""
        self._task = asyncio.get_running_loop().create_task(self._keep_settling(), name="fair share")

    async def stop(self) -> None:
        """End; what is still held lapses in the store."""
        tasks = [*self._tasks, *([self._task] if self._task is not None else ())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def judge(self, permit: Permit, now: Instant, *, credit: bool = False) -> Denial | Allotment | None:
        """Take one request for `permit`: None where it may go, the allotment where it has to wait for `fetch` and ask again.

        `credit`: who cannot wait takes it in advance, unless it is known that there is none.
        """
        model, organisation = permit.model, permit.request.subject.organisation
        grants = self._snapshot().grants.get(model.id)
        grant = grants.get(organisation) if grants is not None and organisation is not None else None
        if model.share is UNLIMITED and (grant is None or grant.share is UNLIMITED):
            return None
        allotment = self._allotments.get((model.id, organisation))
        if allotment is None:
            allotment = self._allotments[model.id, organisation] = Allotment(model.id, organisation)
        share = allotment.agree(model, grant)
        held = self._leases.count(model.id, organisation) if share.concurrent else -1
        allotment.used += 1
        if self.store is None or self.away:
            excess = self._take_part(allotment, held, now)
            return None if excess is None else _denial(permit, excess)
        return self._take(permit, allotment, held, now, credit=credit)

    async def fetch(self, allotment: Allotment) -> None:
        """Wait for the store's answer to this allotment's question, asked once for all who wait. Ask `judge` again then."""
        allotment.waiting += 1
        try:
            if allotment.pending is None:
                self._ask(allotment)
            if allotment.pending is not None:
                await asyncio.wait((allotment.pending,))
        finally:
            allotment.waiting -= 1

    async def settle(self) -> None:
        """Make one round: give back what has not been used, renew the places in use, look whether the store is back."""
        wishes = [wish for allotment in list(self._allotments.values()) if (wish := self._round(allotment)) is not None]
        if wishes:
            await asyncio.wait((self._start(self._settle(wishes), *(wish.allotment for wish in wishes)),))

    def standing(self) -> Iterator[dict[str, Any]]:
        """Rows for `gateway status`: who was refused since it was last idle, and for which share."""
        for allotment in self._allotments.values():
            share = allotment.share
            if allotment.refused:
                row: dict[str, Any] = {"model": allotment.model, "organisation": allotment.organisation or "", "refused": allotment.refused}
                yield row | {"requests": share.requests, "per": share.per, "concurrent": share.concurrent}

    # -- inside -------------------------------------------------------------------------------------------------------

    def _take(self, permit: Permit, allotment: Allotment, held: int, now: Instant, *, credit: bool) -> Denial | Allotment | None:
        share, short = allotment.share, False
        if share.concurrent and held >= allotment.places:
            if now.steady < allotment.full_until:
                return _denial(permit, allotment.exceed_places(now))
            short = True
        if share.rate is not None and allotment.left < 1:
            if now.steady < allotment.free_at:
                return _denial(permit, allotment.exceed_rate(now))
            short = True
        if short and not credit:
            return allotment
        if share.rate is not None:
            allotment.left -= 1
            short = short or (allotment.low and now.steady >= allotment.free_at)
        if short and allotment.pending is None:
            self._ask(allotment)
        return None

    def _take_part(self, allotment: Allotment, held: int, now: Instant) -> Excess | None:
        """Keep to this worker's part of the share: at least one place, and one request at once."""
        if self.away and self.refuse_when_away:
            allotment.free_at = now.steady + PATIENCE
            return allotment.exceed_rate(now)
        workers, concurrent = max(1, self._workers()), allotment.share.concurrent
        if concurrent and held >= max(1, concurrent // workers):
            return allotment.exceed_places(now)
        return None if allotment.take_part(workers, now.steady) else allotment.exceed_rate(now)

    def _ask(self, allotment: Allotment) -> None:
        self._start(self._fetch(allotment), allotment)

    def _start(self, work: Coroutine[None, None, None], *allotments: Allotment) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        for allotment in allotments:
            allotment.pending = task
        return task

    async def _fetch(self, allotment: Allotment) -> None:
        """Ask for what this allotment needs; all who wait by now are counted in."""
        debt, requests, places = allotment.pay(), allotment.wanted_requests(), allotment.wanted_places(self._held(allotment))
        await self._settle([Wish(allotment, debt, requests, places, more=True)])

    async def _settle(self, wishes: Sequence[Wish]) -> None:
        """Make one round trip: tell what was used on credit, take requests and places. Nothing else is asked for these meanwhile."""
        given: list[Given] | None = None
        try:
            given = await self.store.take([wish.asked for wish in wishes]) if self.store is not None else None
        except StoreUnavailableError:
            self._on_taken("failed")
        finally:  # whatever happens, nobody waits for an answer that does not come
            self.away = given is None and self.store is not None
            for wish in wishes:
                wish.allotment.pending = None
        now = self._clock().steady
        for wish, got in zip(wishes, given or (), strict=given is not None):
            self._receive(wish, got, now)

    def _receive(self, wish: Wish, got: Given, now: float) -> None:
        allotment = wish.allotment
        allotment.receive(wish.requests, got.requests, got.wait, now)
        allotment.places = got.places
        held, concurrent = self._held(allotment), allotment.share.concurrent
        full = bool(concurrent) and got.places <= held and (got.places < wish.places or held >= concurrent)
        if full:
            allotment.full_until = now + RECHECK
        if wish.more:
            self._on_taken("none" if full or (wish.requests and not got.requests) else "given")

    async def _keep_settling(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await self.settle()

    def _round(self, allotment: Allotment) -> Wish | None:
        """Say what is to be settled now: what will not be used is given back, places in use are renewed. Forget who has long been idle."""
        if allotment.pending is not None:
            return None
        spent, held = allotment.end_round(), self._held(allotment)
        if allotment.idle > FORGET and not held:
            del self._allotments[allotment.model, allotment.organisation]
        if self.store is None or not (spent or held or allotment.places or self.away):
            return None
        allotment.places = held if allotment.share.concurrent else 0
        return Wish(allotment, spent, 0, allotment.places)

    def _held(self, allotment: Allotment) -> int:
        return self._leases.count(allotment.model, allotment.organisation)


def _denial(permit: Permit, excess: Excess) -> Denial:
    rule = "share:concurrent" if excess.concurrent else "share:requests"
    return Denial((Reason.LIMIT_EXCEEDED,), permit.request, permit.model, rule, permit.revision, excess=excess)
