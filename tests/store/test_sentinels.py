import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from support.sentinels import SERVICE, SentinelGroup
from support.servers import RedisServer, paused
from support.witness import AT_ONCE, Watching, Witness, eventually

from gateway.errors import StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.client import connect
from gateway.store.keys import Keys
from gateway.store.replicas import ReplicaRegister
from gateway.store.sentinels import Sentinels, SupersededError
from gateway.store.whereabouts import open_store
from gateway.store.writer import PolicyWriter

ALLOWLIST = "gateway:allowlist:luna"


@pytest.fixture
def redis_group() -> Iterator[SentinelGroup]:
    """The same on Redis 7 alone, for what does not depend on the product."""
    with SentinelGroup() as group:
        yield group


@pytest.fixture(scope="module")
def calm_group() -> Iterator[SentinelGroup]:
    """One for all tests that change no roles."""
    with SentinelGroup() as group:
        yield group


async def admitting(group: SentinelGroup, watching: Watching, **settings: float) -> Witness:
    group.cli("HSET", ALLOWLIST, "org_acme", "{}")
    group.cli("SET", "gateway:revision", "1")
    group.await_in_step()
    witness = await watching(group, **settings)
    assert witness.admits("org_acme")
    return witness


@contextlib.asynccontextmanager
async def kept(sentinels: Sentinels) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(sentinels.keep(0.05))
    yield task
    task.cancel()
    await asyncio.wait((task,))


async def remove_here(group: SentinelGroup, witness: Witness) -> float:
    """Remove the partner at the master; seconds until the watch has taken it in."""
    return await removed(group.master, witness)


async def removed(master: RedisServer, witness: Witness) -> float:
    begun = time.monotonic()
    master.cli("HDEL", ALLOWLIST, "org_acme")
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")
    return time.monotonic() - begun


async def test_a_change_at_the_master_is_seen_at_once(calm_group: SentinelGroup, watching: Watching) -> None:
    witness = await admitting(calm_group, watching)
    assert await remove_here(calm_group, witness) < AT_ONCE
    await witness.settled()


async def test_after_a_failover_the_new_master_is_followed(sentinel_group: SentinelGroup, watching: Watching) -> None:
    witness = await admitting(sentinel_group, watching, canary_every=1.0)
    await asyncio.to_thread(sentinel_group.fail_over)
    told = time.monotonic()
    await eventually(lambda: witness.watch.up and witness.snapshot.confirmed_at > told, "confirmation by the new master")
    assert witness.admits("org_acme")
    assert await remove_here(sentinel_group, witness) < AT_ONCE


@pytest.mark.slow
async def test_a_master_that_is_lost_is_replaced(redis_group: SentinelGroup, watching: Watching) -> None:
    witness = await admitting(redis_group, watching)
    lost = redis_group.server
    lost.kill()
    await eventually(lambda: not witness.watch.up, "loss")
    assert witness.admits("org_acme")
    await asyncio.to_thread(redis_group.await_other_master, lost.port)
    await eventually(lambda: witness.watch.up, "new master")
    redis_group.cli("HDEL", ALLOWLIST, "org_acme")
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")
    lost.start()
    assert lost.cli("ROLE")[0] == b"master", "it takes itself for the master still, with the grant"
    lost.cli("HSET", ALLOWLIST, "org_late", "{}")
    witness.watch._feed.link.close()  # type: ignore[union-attr]  # noqa: SLF001 (has it look for the master again)
    await eventually(lambda: not witness.watch.up, "loss")
    await eventually(lambda: witness.watch.up, "master")
    assert not witness.admits("org_acme")
    assert not witness.admits("org_late")


@pytest.mark.slow
async def test_a_frozen_master_is_left_as_soon_as_another_is_named(redis_group: SentinelGroup, watching: Watching) -> None:
    """Its connection stays open and silent: only the sentinels tell, long before the answer is overdue."""
    witness = await admitting(redis_group, watching, timeout=20.0)
    frozen = redis_group.server
    frozen.pause()
    await asyncio.to_thread(redis_group.await_other_master, frozen.port)
    named = time.monotonic()
    redis_group.cli("HDEL", ALLOWLIST, "org_acme")
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")
    assert time.monotonic() - named < 2
    assert "name another master" in witness.watch.last_error
    frozen.resume()


async def test_a_demoted_master_that_keeps_its_connection_is_left_by_its_role_alone(redis_group: SentinelGroup, watching: Watching) -> None:
    witness = await admitting(redis_group, watching, canary_every=0.5)
    for sentinel in redis_group.sentinels:
        sentinel.pause()
    other = redis_group.replicas[0]
    other.cli("REPLICAOF", "NO", "ONE")
    redis_group.server.cli("REPLICAOF", "127.0.0.1", str(other.port))
    demoted = time.monotonic()
    await eventually(lambda: not witness.watch.up, "distrust")
    assert time.monotonic() - demoted < 1.5
    assert witness.snapshot.confirmed_at <= demoted
    for sentinel in redis_group.sentinels:
        sentinel.resume()


async def test_the_writer_finds_the_new_master(sentinel_group: SentinelGroup) -> None:
    async with connect(parse_address(sentinel_group.url), 2.0) as client:
        writer = PolicyWriter(client, Keys())
        assert (await writer.put_grant("luna", "org_acme", "{}", "test")).revision == 1
        old = sentinel_group.master
        sentinel_group.await_in_step()
        await asyncio.to_thread(sentinel_group.fail_over)
        with contextlib.suppress(StoreUnavailableError):  # a connection that the failover has broken may be noticed by using it
            await writer.put_grant("luna", "org_b", "{}", "test")
        await writer.remove_grant("luna", "org_acme", "test")
    assert sentinel_group.master is not old
    assert b"org_acme" not in sentinel_group.cli("HKEYS", ALLOWLIST)


async def test_replicas_reports_go_to_the_new_master(redis_group: SentinelGroup) -> None:
    register = ReplicaRegister(parse_address(redis_group.url), Keys(), 0.5)
    await register.report("w", b"1")
    await asyncio.to_thread(redis_group.fail_over)
    with contextlib.suppress(StoreUnavailableError):
        await register.report("w", b"2")
    await register.report("w", b"3")
    register.close()
    assert redis_group.cli("HGET", "gateway:replicas", "w") == b"3"


async def test_without_most_sentinels_changes_are_heard_and_nothing_is_confirmed(calm_group: SentinelGroup, watching: Watching) -> None:
    """Whoever hears too few sentinels may stand on the wrong side of a partition: it must not claim to be fresh."""
    witness = await admitting(calm_group, watching)
    await witness.settled()
    with paused(*calm_group.sentinels[:2]):
        lost = time.monotonic()
        await eventually(lambda: time.monotonic() - witness.snapshot.confirmed_at > 0.5, "aging")
        assert witness.snapshot.confirmed_at < lost + 0.2
        assert witness.watch.up
        assert await removed(calm_group.server, witness) < AT_ONCE
        assert witness.snapshot.confirmed_at < lost + 0.2
    await witness.settled()


async def test_most_sentinels_are_enough(calm_group: SentinelGroup) -> None:
    with paused(calm_group.sentinels[0]):
        begun = time.monotonic()
        sentinels = Sentinels(parse_address(calm_group.url), 5.0)
        assert (await sentinels.find()).endpoints == (("127.0.0.1", calm_group.server.port),)
        assert time.monotonic() - begun < 2, "a sentinel that is silent is not waited for"
        assert sentinels.age() < 1


async def test_fewer_are_not_and_it_is_said_who_does_not_answer(calm_group: SentinelGroup) -> None:
    present, *_ = calm_group.sentinels
    address = parse_address(f"redis+sentinel://{present.endpoint},127.0.0.1:1,127.0.0.1:2/{SERVICE}")
    with pytest.raises(StoreUnavailableError, match=r"1 of 3 sentinels tell who the master is, 2 are needed") as refused:
        await Sentinels(address, 0.5).find()
    assert "127.0.0.1:1/0: " in str(refused.value)
    assert "127.0.0.1:2/0: " in str(refused.value)


async def test_a_name_that_no_sentinel_knows(calm_group: SentinelGroup) -> None:
    with pytest.raises(StoreUnavailableError, match=r"No such master with that name \(asked for 'other'\)"):
        await open_store(parse_address(calm_group.url.replace(SERVICE, "other")), 0.5)


async def test_a_server_that_is_no_sentinel(redis_server: RedisServer) -> None:
    with pytest.raises(StoreUnavailableError, match="unknown command 'SENTINEL'"):
        await open_store(parse_address(f"redis+sentinel://127.0.0.1:{redis_server.port}/main"), 0.5)


async def test_a_named_server_that_is_a_replica_is_refused(redis_group: SentinelGroup) -> None:
    for sentinel in redis_group.sentinels:
        sentinel.pause()
    redis_group.server.cli("REPLICAOF", "127.0.0.1", "1")
    for sentinel in redis_group.sentinels:
        sentinel.resume()
    with pytest.raises(StoreUnavailableError, match="not the master"):
        await open_store(parse_address(redis_group.url), 0.5)


async def test_the_switch_is_told_by_the_sentinels(redis_group: SentinelGroup) -> None:
    sentinels = Sentinels(parse_address(redis_group.url), 1.0)
    assert sentinels.age() == math.inf
    await sentinels.find()
    async with kept(sentinels) as keeping:
        await eventually(lambda: sentinels.age() < 0.2, "confirmation")
        await asyncio.to_thread(redis_group.fail_over)
        await asyncio.wait((keeping,), timeout=2)
        with pytest.raises(ExceptionGroup) as ended:
            keeping.result()
        assert isinstance(ended.value.exceptions[0], SupersededError)
