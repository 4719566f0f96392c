import time
from collections.abc import AsyncIterator

import pytest
from support.servers import RedisServer
from support.witness import Watching

from gateway.errors import StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.keys import Keys
from gateway.store.replicas import ReplicaRegister, StoreTime


@pytest.fixture
async def register(store_server: RedisServer) -> AsyncIterator[ReplicaRegister]:
    opened = ReplicaRegister(parse_address(store_server.url), Keys(), 0.5)
    yield opened
    opened.close()


async def test_reports_are_kept_read_and_removed(register: ReplicaRegister, store_server: RedisServer) -> None:
    await register.report("host/w0/1", b"{}")
    await register.report("host/w1/1", b"[]")
    store_server.cli("HSET", "gateway:replicas", b"\xff", "x")
    assert await register.read() == {"host/w0/1": b"{}", "host/w1/1": b"[]", "\udcff": b"x"}
    await register.remove("host/w0/1", "\udcff")
    await register.remove()
    assert store_server.cli("HKEYS", "gateway:replicas") == [b"host/w1/1"]


async def test_the_stores_clock_is_read_between_two_looks_at_our_own(register: ReplicaRegister) -> None:
    asked, wall = time.monotonic(), time.time()
    now = await register.time()
    assert asked <= now.asked <= now.answered <= time.monotonic()
    assert now.shown == pytest.approx(wall, abs=1)


def test_instants_are_bounded_from_both_sides() -> None:
    now = StoreTime(shown=1000.0, asked=50.0, answered=50.25)
    assert (now.earliest(49.0), now.latest(49.0)) == (998.75, 999.0)


async def test_reports_never_make_the_policy_dirty(register: ReplicaRegister, store_server: RedisServer, watching: Watching) -> None:
    store_server.cli("HSET", "gateway:allowlist:luna", "org_acme", "{}")
    witness = await watching(store_server)
    await witness.settled()
    reloads = witness.watch.reloads
    for number in range(20):
        await register.report("host/w0/1", b"%d" % number)
    await witness.settled()
    assert witness.watch.reloads == reloads


async def test_a_store_that_is_away_is_said_and_found_again(register: ReplicaRegister, store_server: RedisServer) -> None:
    await register.report("w", b"1")
    store_server.restart()
    with pytest.raises(StoreUnavailableError):
        await register.report("w", b"2")
    await register.report("w", b"3")
    assert store_server.cli("HGET", "gateway:replicas", "w") == b"3"


async def test_a_key_of_the_wrong_type_and_a_silent_store_are_said(register: ReplicaRegister, store_server: RedisServer) -> None:
    store_server.cli("SET", "gateway:replicas", "x")
    with pytest.raises(StoreUnavailableError, match="WRONGTYPE"):
        await register.report("w", b"1")
    store_server.pause()
    begun = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        await register.report("w", b"1")
    assert time.monotonic() - begun < 3
