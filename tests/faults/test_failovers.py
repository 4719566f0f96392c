"""Stores of several servers: X is removed at whoever is in charge after a failover, or while the slot of the policy is on its way."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs
from support.clusters import StoreCluster
from support.ledger import Bound
from support.sentinels import SentinelGroup
from support.servers import RedisServer, eventually
from support.theatre import AWAY, GATED, NEAR, Store, Theatre, X, open_theatre

PREPARED = len(GATED) + 1  # an allowlist for each model, and the revision
SEARCHING = structs.replace(AWAY, bound=Bound(unreachable=2.0, recovery=6.0, patience=0.5))


@pytest.fixture(scope="module")
def group() -> Iterator[SentinelGroup]:
    with SentinelGroup() as running:
        yield running


@pytest.fixture(scope="module")
def cluster() -> Iterator[StoreCluster]:
    with StoreCluster() as running:
        yield running


def _follower(store: Store) -> RedisServer:
    """Who takes over: WAIT would ask for the writes of its own connection only."""
    if isinstance(store, StoreCluster):
        return store.replica
    assert isinstance(store, SentinelGroup)
    master = store.master
    return next(server for server in store.servers if server is not master)


async def removed_after(stage: Theatre, change: Callable[[], object]) -> None:
    """The servers change places; X is removed right afterwards; the gate finds its way, and stays with what was written last."""
    await asyncio.to_thread(eventually, lambda: _follower(stage.store).cli("DBSIZE") >= PREPARED, "policy at the replica")
    with stage.ledger.outage(total=False):
        await asyncio.to_thread(change)
        await stage.remove(X)
    await stage.back_without_x()


async def test_sentinel_failover(tmp_path: Path, group: SentinelGroup) -> None:
    async with open_theatre(tmp_path, group, SEARCHING) as stage:
        await removed_after(stage, group.fail_over)
        assert [str(violation) for violation in stage.violations()] == []


async def test_sentinel_failover_from_a_frozen_master(tmp_path: Path, group: SentinelGroup) -> None:
    """It wakes up later with the old policy, and takes itself for the master still."""
    frozen = group.master

    def freeze() -> None:
        frozen.pause()
        group.await_other_master(frozen.port)

    async with open_theatre(tmp_path, group, SEARCHING) as stage:
        await removed_after(stage, freeze)
        frozen.resume()
        await stage.watch()
        assert [str(violation) for violation in stage.violations()] == []


async def test_cluster_failover(tmp_path: Path, cluster: StoreCluster) -> None:
    async with open_theatre(tmp_path, cluster, SEARCHING) as stage:
        await removed_after(stage, cluster.fail_over)
        assert [str(violation) for violation in stage.violations()] == []


async def test_slot_move(tmp_path: Path, cluster: StoreCluster) -> None:
    """X is removed when half of the keys have been moved; nobody else notices anything."""
    async with open_theatre(tmp_path, cluster, NEAR) as stage:
        source, target = cluster.primary, cluster.bystander
        await asyncio.to_thread(cluster.begin_move, target)
        await asyncio.to_thread(cluster.move_keys, source, target, 2)
        await stage.remove(X)
        await stage.watch()
        await asyncio.to_thread(cluster.end_move, source, target)
        await stage.settled()
        await stage.watch()
        assert [str(violation) for violation in stage.violations()] == []


async def test_cluster_primary_lost(tmp_path: Path, cluster: StoreCluster) -> None:
    """The last play: a node is missing afterwards."""
    lost = cluster.primary

    def lose() -> None:
        lost.kill()
        assert cluster.primary is not lost

    async with open_theatre(tmp_path, cluster, SEARCHING) as stage:
        await removed_after(stage, lose)
        assert [str(violation) for violation in stage.violations()] == []
