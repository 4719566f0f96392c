import asyncio
import time
from collections.abc import Iterator

import pytest
from support.clusters import SLOT, StoreCluster, identity
from support.servers import RedisServer
from support.witness import AT_ONCE, CATALOGUE, Watching, Witness, eventually, read_clock

from gateway.errors import StoreUnavailableError
from gateway.settings.shape import Store
from gateway.store.address import StoreAddress, parse_address
from gateway.store.client import connect
from gateway.store.cluster import ClusterNodes, key_slot, read_redirect
from gateway.store.keys import Keys
from gateway.store.reading import read_once
from gateway.store.replicas import ReplicaRegister
from gateway.store.resp import ServerError
from gateway.store.writer import PolicyWriter

KEYS = Keys("{gateway}:")
ALLOWLIST = KEYS.allowlist("luna")

on_redis = pytest.mark.parametrize("running_cluster", ["redis"], indirect=True)


async def admitting(cluster: StoreCluster, watching: Watching, **settings: float) -> Witness:
    cluster.cli("HSET", ALLOWLIST, "org_acme", "{}")
    cluster.cli("SET", KEYS.revision, "1")
    cluster.replica.await_in_step(cluster.primary)
    witness = await watching(cluster, **settings)
    assert witness.admits("org_acme")
    return witness


async def removal(cluster: StoreCluster, witness: Witness) -> float:
    """Remove the partner as `redis-cli -c` does; seconds until the watch has taken it in."""
    begun = time.monotonic()
    cluster.cli("HDEL", ALLOWLIST, "org_acme")
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")
    return time.monotonic() - begun


@pytest.mark.parametrize("key", ["123456789", "{gateway}:models", "gateway", "x{gateway}y", "{}gateway", "{gateway", "a{b}{c}", "{{a}}"])
def test_slots_are_what_the_server_says(key: str, lone_node: RedisServer) -> None:
    assert key_slot(key) == lone_node.cli("CLUSTER", "KEYSLOT", key)


@pytest.fixture(scope="module")
def lone_node() -> Iterator[RedisServer]:
    server = RedisServer(options={"cluster-enabled": "yes", "cluster-port": "0"}).start()
    yield server
    server.close()


def test_redirects() -> None:
    moved = read_redirect(ServerError("MOVED 866 10.0.0.7:7001"), "here")
    assert moved is not None
    assert (moved.kind, moved.endpoint) == ("MOVED", ("10.0.0.7", 7001))
    asked = read_redirect(ServerError("ASK 866 fd00::7:7001"), "here")
    assert asked is not None
    assert (asked.kind, asked.endpoint) == ("ASK", ("fd00::7", 7001))
    nameless = read_redirect(ServerError("MOVED 866 :7001"), "here")
    assert nameless is not None
    assert nameless.endpoint == ("here", 7001)
    for text in ("CLUSTERDOWN Hash slot not served", "MOVED", "MOVED 866 nowhere", "ERR MOVED 866 h:1"):
        assert read_redirect(ServerError(text), "here") is None


async def test_a_change_is_seen_at_once(store_cluster: StoreCluster, watching: Watching) -> None:
    witness = await admitting(store_cluster, watching)
    await eventually(lambda: witness.watch.canary_seconds >= 0, "canary")
    assert await removal(store_cluster, witness) < AT_ONCE
    await witness.settled()
    assert (await read_once(parse_address(store_cluster.url), Store(), CATALOGUE, frozenset, read_clock)).initialised


async def test_after_a_failover_without_loss_the_new_primary_is_followed(store_cluster: StoreCluster, watching: Watching) -> None:
    witness = await admitting(store_cluster, watching)
    await asyncio.to_thread(store_cluster.fail_over)
    done = time.monotonic()
    await eventually(lambda: witness.watch.up and witness.snapshot.confirmed_at > done, "confirmation by the new primary")
    assert witness.admits("org_acme")
    assert await removal(store_cluster, witness) < AT_ONCE


@on_redis
async def test_a_change_right_after_a_failover_is_not_missed(store_cluster: StoreCluster, watching: Watching) -> None:
    """The old primary keeps its connection open: its role, asked for with each canary, gives it away."""
    witness = await admitting(store_cluster, watching, canary_every=0.5)
    await asyncio.to_thread(store_cluster.fail_over)
    assert await removal(store_cluster, witness) < 1.5


@pytest.mark.slow
@on_redis
async def test_a_primary_that_is_lost_is_replaced(store_cluster: StoreCluster, watching: Watching) -> None:
    witness = await admitting(store_cluster, watching)
    lost = store_cluster.primary
    lost.kill()
    await eventually(lambda: not witness.watch.up, "loss")
    assert witness.admits("org_acme")
    await asyncio.to_thread(store_cluster.cli, "HDEL", ALLOWLIST, "org_acme")
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")
    await eventually(lambda: witness.watch.up, "new primary")


async def test_a_moved_slot_is_followed(store_cluster: StoreCluster, watching: Watching) -> None:
    witness = await admitting(store_cluster, watching)
    await asyncio.to_thread(store_cluster.move_slot, store_cluster.bystander)
    assert await removal(store_cluster, witness) < 1.5
    await witness.settled()
    assert all(new.initialised for _, new, _ in witness.published), "never an empty policy on the way"


@pytest.mark.parametrize("running_cluster", ["valkey"], indirect=True)
async def test_a_slot_that_is_moved_at_one_stroke_is_followed(store_cluster: StoreCluster, watching: Watching) -> None:
    """Valkey 9 copies the slot first and hands it over at once; keys never lie at two nodes."""
    witness = await admitting(store_cluster, watching)
    source, target = store_cluster.primary, store_cluster.bystander
    source.cli("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", SLOT, SLOT, "NODE", identity(target))
    await eventually(lambda: store_cluster.primary is target, "new owner")
    assert await removal(store_cluster, witness) < 1.5
    await witness.settled()
    assert all(new.initialised for _, new, _ in witness.published), "never an empty policy on the way"


async def test_the_writer_and_the_reports_find_the_primary(store_cluster: StoreCluster) -> None:
    address = parse_address(store_cluster.url)
    register = ReplicaRegister(address, KEYS, 1.0)
    async with connect(address, 2.0) as client:
        writer = PolicyWriter(client, KEYS)
        assert (await writer.put_grant("luna", "org_acme", "{}", "test")).revision == 1
        await register.report("w", b"1")
        await asyncio.to_thread(store_cluster.fail_over)
        assert (await writer.put_grant("luna", "org_b", "{}", "test")).revision == 2
        await register.report("w", b"2")
        await asyncio.to_thread(store_cluster.move_slot, store_cluster.bystander)
        assert (await writer.remove_grant("luna", "org_acme", "test")).revision == 3
        await register.report("w", b"3")
    register.close()
    assert store_cluster.primary.cli("HKEYS", ALLOWLIST) == [b"org_b"]
    assert store_cluster.primary.cli("HGET", KEYS.replicas, "w") == b"3"


@on_redis
async def test_a_change_waits_for_the_end_of_a_move(store_cluster: StoreCluster) -> None:
    store_cluster.cli("HSET", ALLOWLIST, "org_acme", "{}")
    source, target = store_cluster.primary, store_cluster.bystander
    store_cluster.begin_move(target)
    async with connect(parse_address(store_cluster.url), 2.0) as client:
        removing = asyncio.create_task(PolicyWriter(client, KEYS).remove_grant("luna", "org_acme", "test"))
        done, _ = await asyncio.wait((removing,), timeout=0.3)
        assert not done, "the keys that it needs lie at two nodes"
        await asyncio.to_thread(store_cluster.end_move, source, target)
        assert (await removing).before == b"{}"
    assert target.cli("EXISTS", ALLOWLIST) == 0


@on_redis
async def test_one_node_of_the_address_is_enough(store_cluster: StoreCluster) -> None:
    wanted = store_cluster.primary.port
    for node in store_cluster.nodes:
        found = await ClusterNodes(parse_address(f"redis+cluster://127.0.0.1:{node.port}"), 1.0).find()
        assert found.endpoints == (("127.0.0.1", wanted),)
    silent = store_cluster.bystander
    silent.pause()
    begun = time.monotonic()
    await ClusterNodes(parse_address(store_cluster.url), 9.0).find()
    assert time.monotonic() - begun < 3, "a node that is silent is not waited for"
    silent.resume()


@on_redis
async def test_an_isolated_primary_is_not_believed(store_cluster: StoreCluster) -> None:
    """It does not hear most of the others, so another may have taken over: it says so itself, and serves nothing."""
    isolated = store_cluster.primary
    for node in store_cluster.nodes:
        if node is not isolated:
            node.pause()
    address = parse_address(f"redis+cluster://127.0.0.1:{isolated.port}")
    await eventually(lambda: b"cluster_state:fail" in isolated.cli("CLUSTER", "INFO"), "isolation")
    with pytest.raises(StoreUnavailableError, match="CLUSTERDOWN"):
        await ClusterNodes(address, 0.5).find()


async def test_what_stands_in_the_way_is_said(redis_server: RedisServer, lone_node: RedisServer) -> None:
    with pytest.raises(StoreUnavailableError, match=f"{redis_server.port}: ERR This instance has cluster support disabled"):
        await ClusterNodes(_one(redis_server), 0.5).find()
    with pytest.raises(StoreUnavailableError, match=f"{lone_node.port} knows no node that serves slot {SLOT}"):
        await ClusterNodes(_one(lone_node), 0.5).find()
    with pytest.raises(StoreUnavailableError, match=r"no primary of slot \d+ found; tcp:127\.0\.0\.1:1/0"):
        await ClusterNodes(parse_address("redis+cluster://127.0.0.1:1"), 0.5).find()


def _one(server: RedisServer) -> StoreAddress:
    return parse_address(f"redis+cluster://127.0.0.1:{server.port}")
