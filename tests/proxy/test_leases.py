"""When a sweep is done: every lease decided on, and the last byte of each that it ended gone. What time alone ends."""

import asyncio
import contextlib
from collections.abc import Callable

from msgspec import structs
from support.house import FRONTIER, policy
from support.running import eventually

from gateway.clock import read_clock
from gateway.policy.access import AccessRequest, Instant, Subject
from gateway.policy.decision import Denial, Permit
from gateway.policy.directive import Directive
from gateway.policy.snapshot import Grant, Snapshot
from gateway.policy.vocabulary import Effect, Reason
from gateway.proxy.leases import TICK, LeaseBook, Sweep

WITH = policy(frontier={"acme": Grant(), "beta": Grant()}, revision=1)
WITHOUT = structs.replace(WITH, grants={"frontier": {"beta": Grant()}}, revision=2)
NOBODY = structs.replace(WITH, grants={}, revision=3)


class Exchange:
    """A lease that leaves when told."""

    def __init__(self, organisation: str, *, leaving: bool = False, broken: bool = False) -> None:
        request = AccessRequest(Subject("main", "someone", organisation=organisation), "frontier")
        self.permit = Permit(request, FRONTIER, Grant(), "grant", 1)
        self.held = False
        self.leaving = leaving
        self.broken = broken
        self.denial: Denial | None = None
        self.on_cut: Callable[[], None] = lambda: None

    def cut(self, denial: Denial) -> None:
        self.denial = denial
        book_of[self].release(self)
        self.on_cut()
        if self.broken:
            raise OSError("this one cannot be cut")


book_of: dict[Exchange, LeaseBook] = {}


class Stand:
    """A lease book with exchanges in it, and what is published to it."""

    def __init__(self, *exchanges: Exchange) -> None:
        self.snapshot = WITH
        self.done: list[Sweep] = []
        self.swept: list[tuple[float, int]] = []
        self.ahead = 0.0
        self.book = LeaseBook(
            asyncio.get_running_loop(), lambda: self.snapshot, self.clock, lambda seconds, cuts: self.swept.append((seconds, cuts))
        )
        for exchange in exchanges:
            book_of[exchange] = self.book
            self.book.hold(exchange)

    def clock(self) -> Instant:
        """The real clocks, the wall clock set `ahead` by the test."""
        now = read_clock()
        return Instant(now.wall + self.ahead, now.steady)

    def publish(self, snapshot: Snapshot, since: float | None = None) -> None:
        old, self.snapshot = self.snapshot, snapshot
        self.book.published(old, snapshot, since, self.done.append)


async def test_it_is_done_when_the_last_byte_has_left_and_not_before() -> None:
    slow, quick, other = Exchange("acme", leaving=True), Exchange("acme"), Exchange("beta")
    stand = Stand(slow, quick, other)
    stand.publish(WITHOUT)
    assert quick.denial is not None
    assert slow.denial is not None
    later = asyncio.get_running_loop().time() + 0.05
    await eventually(lambda: asyncio.get_running_loop().time() > later, "many turns of the loop")
    assert not stand.done
    slow.leaving = False
    left = read_clock().steady
    await eventually(lambda: stand.done, "the sweep is done")
    (sweep,) = stand.done
    assert sweep.cuts == 2
    assert sweep.cut_at is not None
    assert left <= sweep.cut_at <= read_clock().steady
    assert other.denial is None


async def test_it_is_told_also_where_nothing_was_to_be_decided_or_ended() -> None:
    stand = Stand(Exchange("beta"))
    stand.publish(WITHOUT)
    assert not stand.done, "in the next turn, when what was written has left"
    await eventually(lambda: stand.done, "the sweep is done")
    assert (stand.done[0].cuts, stand.done[0].cut_at) == (0, None)


async def test_its_length_is_counted_from_the_news_of_the_change() -> None:
    stand = Stand(Exchange("acme"))
    stand.publish(WITHOUT, read_clock().steady - 5.0)
    await eventually(lambda: stand.done, "the sweep is done")
    assert [cuts for _, cuts in stand.swept] == [1]
    assert 5.0 <= stand.swept[0][0] < 6.0


async def test_who_rests_on_an_issuer_that_is_gone_is_ended_although_the_policy_permits() -> None:
    exchanges = [Exchange("acme"), Exchange("beta")]
    stand = Stand(*exchanges)
    stand.book.disown(frozenset({"other"}))
    assert not any(exchange.denial for exchange in exchanges)
    stand.book.disown(frozenset({"main"}))
    assert [exchange.denial.reason for exchange in exchanges if exchange.denial] == [Reason.ISSUER_UNKNOWN] * 2
    assert len(stand.book) == 0
    await eventually(lambda: [cuts for _, cuts in stand.swept] == [2], "one sweep, for those alone whom it concerns")


async def test_sweeps_end_in_the_order_of_their_causes() -> None:
    exchanges = [Exchange(organisation) for organisation in ("acme", "beta") for _ in range(2000)]
    stand = Stand(*exchanges)
    stand.publish(WITHOUT)
    stand.publish(NOBODY)
    await eventually(lambda: len(stand.done) == 2, "both are done")
    assert [sweep.cuts for sweep in stand.done] == [2000, 2000]
    assert all(exchange.denial is not None for exchange in exchanges)
    assert len(stand.book) == 0


async def test_one_that_cannot_be_cut_does_not_save_the_others() -> None:
    broken, others = Exchange("acme", broken=True), [Exchange("acme") for _ in range(20)]
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context["exception"]))
    stand = Stand(*others[:10], broken, *others[10:])
    with contextlib.suppress(OSError):
        stand.publish(WITHOUT)
    await eventually(lambda: all(other.denial for other in others), "the others are cut")
    await eventually(lambda: stand.done, "the sweep is done")


async def test_a_wall_clock_set_back_into_an_order_ends_what_it_forbids() -> None:
    over = Directive(id="over", effect=Effect.SUSPEND, valid_until=read_clock().wall - 60, except_organisations=frozenset({"beta"}))
    forbidden, excepted = Exchange("acme"), Exchange("beta")
    stand = Stand(forbidden, excepted)
    stand.snapshot = structs.replace(WITH, directives=(over,))
    stand.book.start()
    stand.ahead = -120.0
    await eventually(lambda: forbidden.denial is not None, "the order is in force again")
    assert excepted.denial is None
    stand.book.stop()


async def test_what_ends_before_the_next_look_is_not_left_until_then() -> None:
    short = Exchange("acme")
    stand = Stand()
    book_of[short] = stand.book
    stand.book.start()
    until = read_clock().wall + 0.02
    stand.snapshot = structs.replace(WITH, grants={"frontier": {"acme": Grant(valid_until=until)}})
    short.permit = structs.replace(short.permit, valid_until=until)
    cut: list[float] = []
    short.on_cut = lambda: cut.append(read_clock().wall)
    stand.book.hold(short)
    await eventually(lambda: short.denial is not None, "it is cut")
    assert until <= cut[0] < until + TICK / 2
    stand.book.stop()


async def test_a_policy_that_grows_stale_again_between_two_looks_ends_what_was_admitted_between_them() -> None:
    before, between = Exchange("beta"), Exchange("acme")
    stand = Stand(before)
    stand.snapshot = structs.replace(WITH, max_staleness=0.01)
    stand.book.start()
    await eventually(lambda: before.denial is not None, "the policy is stale")
    book_of[between] = stand.book
    stand.snapshot = stand.snapshot.confirmed(read_clock().steady)
    stand.book.hold(between)
    await eventually(lambda: between.denial is not None, "it is stale again")
    stand.book.stop()


async def test_a_cut_that_fails_does_not_stop_the_clock() -> None:
    problems: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(str(context.get("exception"))))
    broken, later = Exchange("acme", broken=True), Exchange("beta")
    stand = Stand()
    for exchange, ends in ((broken, 0.01), (later, 0.05)):
        book_of[exchange] = stand.book
        until = read_clock().wall + ends
        exchange.permit = structs.replace(exchange.permit, valid_until=until)
        grants = stand.snapshot.grants["frontier"]
        organisation = str(exchange.permit.request.subject.organisation)
        stand.snapshot = structs.replace(WITH, grants={"frontier": {**grants, organisation: Grant(valid_until=until)}})
        stand.book.hold(exchange)
    stand.book.start()
    await eventually(lambda: later.denial is not None, "the later one is cut")
    assert broken.denial is not None
    assert problems == ["this one cannot be cut"]
    stand.book.stop()
