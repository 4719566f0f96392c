import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.servers import RedisServer
from support.witness import Watching

from gateway.errors import StoreUnavailableError
from gateway.policy.gcra import Rate, rate_of, take
from gateway.policy.share import Share
from gateway.store.address import parse_address
from gateway.store.keys import Keys
from gateway.store.shares import LAPSE, Asked, Given, ShareStore

SLOW = Share(rate_of(6, 60, 4), 6, 60.0)  # one in ten seconds, four at once: no test takes so long
EIGHT_AT_A_TIME = Share(concurrent=8)
KEY = "gateway:share:luna:org_acme"


def store_of(server: RedisServer, worker: str) -> ShareStore:
    return ShareStore(parse_address(server.url), Keys(), worker, 1.0)


def asked(share: Share = SLOW, **wanted: int) -> Asked:
    return Asked("luna", "org_acme", share, **wanted)


@pytest.fixture
async def workers(store_server: RedisServer) -> AsyncIterator[tuple[ShareStore, ShareStore]]:
    pair = store_of(store_server, "a"), store_of(store_server, "b")
    yield pair
    for worker in pair:
        worker.close()


async def one(store: ShareStore, question: Asked) -> Given:
    (answer,) = await store.take([question])
    return answer


async def test_all_workers_take_from_one_share(workers: tuple[ShareStore, ShareStore]) -> None:
    a, b = workers
    assert (await one(a, asked(requests=3))).requests == 3
    last = await one(b, asked(requests=3))
    assert last.requests == 1
    none = await one(a, asked(requests=1))
    assert none.requests == 0
    assert none.wait == pytest.approx(10.0, abs=1.0)


async def test_what_is_given_back_is_for_the_others(workers: tuple[ShareStore, ShareStore]) -> None:
    a, b = workers
    await one(a, asked(requests=4))
    await one(a, asked(spent=-2))
    assert (await one(b, asked(requests=4))).requests == 2


async def test_what_was_used_on_credit_is_missing_afterwards(workers: tuple[ShareStore, ShareStore]) -> None:
    a, b = workers
    await one(a, asked(spent=3))
    assert (await one(b, asked(requests=4))).requests == 1


async def test_organisations_and_models_do_not_share(workers: tuple[ShareStore, ShareStore]) -> None:
    a, _ = workers
    assert [given.requests for given in await a.take([asked(requests=4), Asked("luna", "other", SLOW, requests=4)])] == [4, 4]
    assert Keys().share("a:b", "c") != Keys().share("a", "b:c")
    assert Keys().share("a%3Ab", "c") != Keys().share("a:b", "c")


async def test_places_are_held_by_worker_and_never_more_than_there_are(workers: tuple[ShareStore, ShareStore]) -> None:
    a, b = workers
    assert (await one(a, asked(EIGHT_AT_A_TIME, places=5))).places == 5
    assert (await one(b, asked(EIGHT_AT_A_TIME, places=5))).places == 3
    assert (await one(a, asked(EIGHT_AT_A_TIME, places=1))).places == 1
    assert (await one(b, asked(EIGHT_AT_A_TIME, places=9))).places == 7


async def test_places_of_a_worker_that_is_gone_lapse(workers: tuple[ShareStore, ShareStore], store_server: RedisServer) -> None:
    a, b = workers
    await one(a, asked(EIGHT_AT_A_TIME, places=8))
    held, ends = store_server.cli("HGET", KEY, "worker:a").split()
    store_server.cli("HSET", KEY, "worker:a", b"%b %d" % (held, int(ends) - int(LAPSE * 1e6)))
    assert (await one(b, asked(EIGHT_AT_A_TIME, places=8))).places == 8
    assert store_server.cli("HKEYS", KEY) == [b"worker:b"]


async def test_places_of_a_worker_that_is_gone_lapse_in_time_also_after_a_clock_set_back(
    workers: tuple[ShareStore, ShareStore], store_server: RedisServer
) -> None:
    a, b = workers
    await one(a, asked(EIGHT_AT_A_TIME, places=5))
    held, ends = store_server.cli("HGET", KEY, "worker:a").split()
    store_server.cli("HSET", KEY, "worker:a", b"%b %d" % (held, int(ends) + 3600 * 10**6))
    assert (await one(b, asked(EIGHT_AT_A_TIME, places=8))).places == 3, "it may be alive"
    assert int(store_server.cli("HGET", KEY, "worker:a").split()[1]) <= int(ends) + int(LAPSE * 1e6)


async def test_nothing_is_left_when_nobody_asks_any_more(workers: tuple[ShareStore, ShareStore], store_server: RedisServer) -> None:
    a, _ = workers
    await one(a, asked(requests=1))
    assert 10_000 < store_server.cli("PTTL", KEY) <= 11_000


async def test_counting_never_makes_the_policy_be_read_again(
    workers: tuple[ShareStore, ShareStore], store_server: RedisServer, watching: Watching
) -> None:
    store_server.cli("HSET", "gateway:allowlist:luna", "org_acme", "{}")
    witness = await watching(store_server)
    await witness.settled()
    reloads = witness.watch.reloads
    for _ in range(20):
        await one(workers[0], asked(EIGHT_AT_A_TIME, places=1))
    await witness.settled()
    assert witness.watch.reloads == reloads


async def test_a_store_that_is_away_is_said_and_found_again(workers: tuple[ShareStore, ShareStore], store_server: RedisServer) -> None:
    a, _ = workers
    await one(a, asked(requests=1))
    store_server.restart()
    with pytest.raises(StoreUnavailableError):
        await one(a, asked(requests=1))
    await one(a, asked(requests=1))


async def test_what_is_no_count_is_said(workers: tuple[ShareStore, ShareStore], store_server: RedisServer) -> None:
    store_server.cli("SET", KEY, "not a hash")
    with pytest.raises(StoreUnavailableError, match="fair share: "):
        await one(workers[0], asked(requests=1))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(10**7, 10**9), st.integers(1, 40), st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 9)), min_size=1, max_size=8))
def test_the_script_reckons_as_the_arithmetic_does(
    store_server: RedisServer, interval: int, burst: int, steps: list[tuple[int, int]]
) -> None:
    """Intervals so long that no step of the server's clock within a test makes a difference."""
    share = Share(Rate(interval, burst), 1, 1.0)

    async def play() -> list[int]:
        store_server.cli("DEL", KEY)
        store = store_of(store_server, "a")
        given = [(await one(store, asked(share, spent=spent, requests=requests))).requests for spent, requests in steps]
        store.close()
        return given

    arrival, now, expected = 0, 10**15, []
    for spent, requests in steps:
        arrival = max(arrival, now)
        arrival = max(min(arrival, now + share.rate.tolerance) + spent * interval, now) if share.rate else 0
        granted = max(0, min(requests, (now + interval * burst - arrival) // interval))
        if arrival <= now + interval * burst:
            assert granted == take(arrival, now, Rate(interval, burst), requests).granted
        arrival += granted * interval
        expected.append(granted)
    assert asyncio.run(play()) == expected
