"""Fair share on memory: a store that counts as the real one does, a clock that the test moves, leases by hand."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest
from msgspec import structs

from gateway.errors import StoreUnavailableError
from gateway.policy.access import AccessRequest, Instant, Subject
from gateway.policy.decision import Denial, Permit
from gateway.policy.gcra import SECOND, rate_of, take
from gateway.policy.share import UNLIMITED, Share
from gateway.policy.snapshot import Grant, Model, Snapshot
from gateway.policy.vocabulary import Reason
from gateway.proxy.allotment import LONGEST, RECHECK, Allotment
from gateway.proxy.fair_share import FairShare
from gateway.proxy.leases import LeaseBook
from gateway.store.shares import Asked, Given


def rate(requests: int, per: float = 1.0, burst: int = 0, concurrent: int = 0) -> Share:
    return Share(rate_of(requests, per, burst or requests), requests, per, concurrent)


class Clock:
    def __init__(self) -> None:
        self.now = Instant(1_000_000.0, 500.0)

    def __call__(self) -> Instant:
        return self.now

    def move(self, seconds: float) -> None:
        self.now = Instant(self.now.wall + seconds, self.now.steady + seconds)


class Counting:
    """The store: the same arithmetic, one count for every worker that is handed it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.away = False
        self.trips = 0
        self.most: int | None = None
        self._arrivals: dict[tuple[str, str], int] = {}

    async def take(self, asked: Sequence[Asked]) -> list[Given]:
        self.trips += 1
        await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailableError("away")
        return [self._one(each) for each in asked]

    def _one(self, asked: Asked) -> Given:
        places = min(asked.places, asked.share.concurrent if self.most is None else self.most)
        if asked.share.rate is None:
            return Given(0, 0.0, places)
        key, now = (asked.model, asked.organisation), int(self.clock.now.steady * SECOND)
        back = take(self._arrivals.get(key, 0), now, asked.share.rate, asked.spent)
        taken = take(back.arrival, now, asked.share.rate, asked.requests)
        self._arrivals[key] = taken.arrival
        return Given(taken.granted, taken.wait / SECOND, places)


class Held:
    """A lease that nobody cuts."""

    leaving = False

    def __init__(self, permit: Permit) -> None:
        self.permit, self.held = permit, False

    def cut(self, denial: Denial) -> None:
        del denial


class Worker:
    """One worker with its own leases; `ask` is what the journey does with a request."""

    def __init__(self, clock: Clock, store: Counting | None, workers: int = 1) -> None:
        self.clock = clock
        self.model = Model("luna", "api")
        self.grants: dict[str, Grant] = {}
        self.taken: Counter[str] = Counter()
        self.leases = LeaseBook(asyncio.get_running_loop(), Snapshot, clock, lambda *_: None)
        self.fair = FairShare(store, self.leases, self.snapshot, clock, lambda: workers, lambda outcome: self.taken.update([outcome]))

    def snapshot(self) -> Snapshot:
        return Snapshot(catalogue={"luna": self.model}, grants={"luna": self.grants})

    def limit(self, share: Share) -> "Worker":
        self.model = structs.replace(self.model, share=share)
        return self

    def permit(self, organisation: str | None = "acme") -> Permit:
        return Permit(AccessRequest(Subject("idp", "s", organisation), "luna"), self.model, None, "grant", 7)

    async def ask(self, organisation: str | None = "acme") -> Denial | None:
        while isinstance(answer := self.fair.judge(self.permit(organisation), self.clock()), Allotment):
            await self.fair.fetch(answer)
        return answer

    async def many(self, count: int, organisation: str | None = "acme") -> int:
        """How many of so many may go."""
        return [await self.ask(organisation) for _ in range(count)].count(None)

    def hold(self, organisation: str | None = "acme") -> Held:
        lease = Held(self.permit(organisation))
        self.leases.hold(lease)
        return lease


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_without_a_limit_nothing_is_counted(clock: Clock) -> None:
    store = Counting(clock)
    worker = Worker(clock, store)
    assert await worker.many(100) == 100
    assert (store.trips, repr(worker.fair)) == (0, "<FairShare 0 in use>")


async def test_a_burst_then_the_rate_and_the_refusal_says_when(clock: Clock) -> None:
    worker = Worker(clock, Counting(clock)).limit(rate(10))
    assert await worker.many(30) == 10
    denial = await worker.ask()
    assert denial is not None
    assert (denial.reasons, denial.rule, denial.revision) == ((Reason.LIMIT_EXCEEDED,), "share:requests", 7)
    assert denial.excess is not None
    assert denial.excess.share.requests == 10
    clock.move(0.5)
    assert await worker.many(30) == 5


async def test_one_organisations_flood_leaves_the_others_theirs(clock: Clock) -> None:
    worker = Worker(clock, Counting(clock)).limit(rate(10))
    await worker.many(1000, "flood")
    assert await worker.many(10, "acme") == 10


async def test_who_is_refused_costs_no_round_trip(clock: Clock) -> None:
    store = Counting(clock)
    worker = Worker(clock, store).limit(rate(10))
    await worker.many(11)
    trips = store.trips
    assert await worker.many(1000) == 0
    assert store.trips == trips


async def test_what_is_used_in_plenty_is_taken_in_batches_ahead_of_need(clock: Clock) -> None:
    store = Counting(clock)
    worker = Worker(clock, store).limit(rate(8000))
    assert await worker.many(4000) == 4000
    assert store.trips < 30


async def test_all_workers_together_take_no_more_than_the_share(clock: Clock) -> None:
    store = Counting(clock)
    workers = [Worker(clock, store).limit(rate(100)) for _ in range(4)]
    assert sum(await asyncio.gather(*(worker.many(100) for worker in workers))) <= 100
    assert sum([await worker.many(100) for worker in workers]) == 0


async def test_requests_that_wait_together_wait_for_one_answer(clock: Clock) -> None:
    store = Counting(clock)
    worker = Worker(clock, store).limit(rate(50))
    answers = await asyncio.gather(*(worker.ask() for _ in range(80)))
    assert answers.count(None) == 50
    assert store.trips < 20


async def test_what_nobody_uses_goes_back(clock: Clock) -> None:
    store = Counting(clock)
    idle, busy = (Worker(clock, store).limit(rate(1000)) for _ in range(2))
    await idle.many(500)
    taken = await busy.many(1000)
    assert taken < 500
    for _ in range(3):
        await idle.fair.settle()
    clock.move(0.001)
    assert 500 <= taken + await busy.many(1000) <= 501


async def test_who_asks_now_and_then_holds_no_more_than_that(clock: Clock) -> None:
    """Or a stock taken in a busy second would be there beside a whole burst, a minute later."""
    store = Counting(clock)
    one, other = (Worker(clock, store).limit(rate(800)) for _ in range(2))
    await one.many(400)
    for _ in range(10):
        await one.fair.settle()
        clock.move(1.0)
        await one.ask()
    assert 799 - 5 <= await other.many(1000) <= 800
    assert await one.many(100) <= 5


async def test_callers_refused_together_are_told_different_times(clock: Clock) -> None:
    worker = Worker(clock, Counting(clock)).limit(rate(10))
    await worker.many(10)
    waits = [denial.excess.wait for _ in range(5) if (denial := await worker.ask()) is not None and denial.excess is not None]
    assert waits == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5], abs=0.001)


async def test_a_wait_that_sdks_do_not_keep_is_not_advised(clock: Clock) -> None:
    worker = Worker(clock, Counting(clock)).limit(rate(1, per=3600))
    await worker.many(1)
    denial = await worker.ask()
    assert denial is not None
    assert denial.excess is not None
    assert denial.excess.wait > LONGEST
    assert not denial.excess.again


async def test_places_are_freed_by_the_end_of_a_request(clock: Clock) -> None:
    worker = Worker(clock, Counting(clock)).limit(Share(concurrent=2))
    first = None
    for _ in range(2):
        assert await worker.ask() is None
        first = worker.hold()
    denial = await worker.ask()
    assert denial is not None
    assert denial.rule == "share:concurrent"
    assert await worker.ask("beta") is None
    assert first is not None
    worker.leases.release(first)
    assert await worker.ask() is None


async def test_places_that_other_workers_hold_are_missing_here_and_are_looked_for_again_soon(clock: Clock) -> None:
    store = Counting(clock)
    worker = Worker(clock, store).limit(Share(concurrent=8))
    store.most = 0
    assert await worker.ask() is not None
    trips = store.trips
    assert await worker.ask() is not None
    assert store.trips == trips
    store.most = None
    clock.move(RECHECK)
    assert await worker.ask() is None


async def test_callers_without_organisation_have_one_share_together(clock: Clock) -> None:
    worker = Worker(clock, Counting(clock)).limit(rate(10))
    assert await worker.many(20, None) == 10


async def test_a_grant_speaks_over_the_model_and_may_change_at_any_time(clock: Clock) -> None:
    worker = Worker(clock, Counting(clock)).limit(rate(10))
    worker.grants["acme"] = Grant(share=rate(3))
    assert await worker.many(10) == 3
    worker.grants["acme"] = Grant(share=rate(100))
    clock.move(0.5)
    assert await worker.many(200) == pytest.approx(50, abs=1)
    worker.model = structs.replace(worker.model, share=UNLIMITED)
    del worker.grants["acme"]
    assert await worker.many(500) == 500


@pytest.mark.parametrize("workers", [1, 4])
async def test_while_the_store_is_away_each_worker_keeps_to_its_part(clock: Clock, workers: int) -> None:
    store = Counting(clock)
    store.away = True
    worker = Worker(clock, store, workers).limit(rate(100, concurrent=8))
    assert await worker.many(1000) == 100 // workers
    assert worker.fair.away
    clock.move(1.0)
    assert await worker.many(1000) == 100 // workers
    for _ in range(8 // workers):
        worker.hold()
    clock.move(1.0)
    denial = await worker.ask()
    assert denial is not None
    assert denial.rule == "share:concurrent"


async def test_or_refuses_where_that_is_wished(clock: Clock) -> None:
    store = Counting(clock)
    store.away = True
    worker = Worker(clock, store).limit(rate(100))
    worker.fair.refuse_when_away = True
    assert await worker.many(10) == 0
    assert worker.taken == {"failed": 1}


async def test_when_the_store_is_back_it_counts_again(clock: Clock) -> None:
    store = Counting(clock)
    store.away = True
    worker = Worker(clock, store).limit(rate(100))
    await worker.ask()
    store.away = False
    await worker.fair.settle()
    assert not worker.fair.away
    assert await worker.many(1000) == 100


async def test_without_a_store_each_worker_counts_its_part(clock: Clock) -> None:
    worker = Worker(clock, None, workers=2).limit(rate(100))
    assert await worker.many(1000) == 50


async def test_who_cannot_wait_takes_on_credit_and_it_is_counted(clock: Clock) -> None:
    store = Counting(clock)
    worker = Worker(clock, store).limit(rate(10))
    assert worker.fair.judge(worker.permit(), clock(), credit=True) is None
    assert await worker.many(20) == 9
    assert isinstance(worker.fair.judge(worker.permit(), clock(), credit=True), Denial)


async def test_who_has_long_been_idle_is_forgotten(clock: Clock) -> None:
    worker = Worker(clock, None).limit(rate(100))
    await worker.ask()
    assert repr(worker.fair) == "<FairShare 1 in use>"
    for _ in range(100):
        await worker.fair.settle()
    assert repr(worker.fair) == "<FairShare 0 in use>"


async def test_status_shows_who_reached_a_share(clock: Clock) -> None:
    worker = Worker(clock, Counting(clock)).limit(rate(10))
    await worker.many(13)
    row = {"model": "luna", "organisation": "acme", "refused": 3, "requests": 10, "per": 1.0, "concurrent": 0}
    assert list(worker.fair.standing()) == [row]


async def test_it_ends(clock: Clock) -> None:
    worker = Worker(clock, Counting(clock)).limit(rate(10))
    worker.fair.start()
    await worker.ask()
    await worker.fair.stop()


async def test_places_that_may_be_taken_meanwhile_are_not_given_up_in_passing(clock: Clock) -> None:
    worker = Worker(clock, Counting(clock)).limit(rate(1000, concurrent=100))
    await worker.many(1)
    allotment = Allotment("luna", "acme")
    allotment.agree(worker.model, None)
    allotment.places = 50
    assert allotment.wanted_places(held=3) == 50


async def test_where_counting_changes_its_place_while_somebody_waits_nobody_waits_for_ever(clock: Clock) -> None:
    store = Counting(clock)
    worker = Worker(clock, store).limit(rate(10))
    waiting = asyncio.create_task(worker.ask())
    await asyncio.sleep(0)
    worker.fair.store = None
    assert await asyncio.wait_for(waiting, 5) is None
    worker.fair.store = store
    assert await worker.many(20) == 10


async def test_taking_requests_ahead_refuses_nobody_a_place(clock: Clock) -> None:
    """The answer comes when every place that was held for this worker is in use, and there are more."""
    worker = Worker(clock, Counting(clock)).limit(rate(1000, concurrent=15))
    for _ in range(15):
        assert await worker.ask() is None
        worker.hold()
        for _ in range(3):
            await asyncio.sleep(0)
    assert await worker.ask() is not None
