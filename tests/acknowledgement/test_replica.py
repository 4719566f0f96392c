"""One worker's entry over its life, in a real store."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from msgspec import Struct, structs
from support.running import eventually
from support.servers import RedisServer, redis_server

from gateway.policy.snapshot import Snapshot
from gateway.replica import Replica
from gateway.store.address import parse_address
from gateway.store.keys import Keys
from gateway.store.replicas import ReplicaRegister

__all__ = ["redis_server"]


class Policy:
    """The policy in force, without a watch."""

    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self.up = True
        self.seen_at = time.monotonic()


class Swept(Struct):
    cuts: int = 0
    cut_at: float | None = None


class Worker:
    """A replica and what it is told."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.policy = Policy()
        self.leases: list[int] = [1, 2, 3]
        self.failures = 0
        register = ReplicaRegister(parse_address(server.url), Keys(), 0.3)
        self.replica = Replica("w0", register, self.policy, self.leases, self._failed, max_staleness=60.0, every=0.05)

    def _failed(self) -> None:
        self.failures += 1

    def publish(self, revision: int) -> Any:
        """Put a policy in force, heard of a moment ago; give what the sweep is to call."""
        old = self.policy.snapshot
        self.policy.seen_at = time.monotonic()
        self.policy.snapshot = structs.replace(old, revision=revision, digest=f"d{revision}", confirmed_at=time.monotonic())
        return self.replica.published(old, self.policy.snapshot)

    def entries(self) -> Sequence[dict[str, Any]]:
        return [json.loads(told) for told in self.server.cli("HVALS", "gateway:replicas")]

    @property
    def entry(self) -> dict[str, Any]:
        (entry,) = self.entries()
        return entry

    async def tells(self, **facts: object) -> dict[str, Any]:
        """Wait until its entry says this."""
        await eventually(lambda: (told := self.entries()) and facts.items() <= told[0].items(), f"an entry with {facts}")
        return self.entry


@pytest.fixture
async def worker(redis_server: RedisServer) -> AsyncIterator[Worker]:
    stand = Worker(redis_server)
    yield stand
    await stand.replica.stop()


async def test_it_reports_before_anybody_is_served_and_leaves_no_trace(worker: Worker) -> None:
    await worker.replica.start()
    assert (worker.entry["worker"], worker.entry["revision"], worker.entry["streams"]) == ("w0", 0, 3)
    assert "applied_at" not in worker.entry
    assert worker.server.cli("HKEYS", "gateway:replicas") == [worker.replica.key.encode()]
    await worker.replica.stop()
    assert worker.server.cli("EXISTS", "gateway:replicas") == 0


async def test_a_step_is_told_once_its_sweep_is_done(worker: Worker) -> None:
    await worker.replica.start()
    done = worker.publish(7)
    beat = worker.entry["reported_at"]
    await eventually(lambda: worker.entry["reported_at"] > beat, "another report")
    assert worker.entry["revision"] == 0
    before = worker.server.cli("TIME")
    done(Swept(2, time.monotonic()))
    told = await worker.tells(revision=7, digest="d7", follows=0, cut=2)
    assert before[0] + before[1] / 1e6 <= told["last_cut_at"] + 0.001
    assert told["last_cut_at"] <= told["applied_at"] <= told["reported_at"]
    assert 0 < told["applied_seconds"] < 5


async def test_what_is_done_early_waits_for_what_came_before(worker: Worker) -> None:
    """A revision stands for all before it: a slow reader of a stream that 7 ended must not be passed over by 8."""
    await worker.replica.start()
    first, second = worker.publish(7), worker.publish(8)
    second(Swept())
    beat = worker.entry["reported_at"]
    await eventually(lambda: worker.entry["reported_at"] > beat, "another report")
    assert worker.entry["revision"] == 0
    first(Swept(1, time.monotonic()))
    told = await worker.tells(revision=8, cut=0)
    assert [(step["revision"], step["cut"]) for step in told["earlier"]] == [(7, 1)]


async def test_only_the_last_steps_are_kept(worker: Worker) -> None:
    await worker.replica.start()
    for revision in range(1, 21):
        worker.publish(revision)(Swept())
    told = await worker.tells(revision=20)
    assert [step["revision"] for step in told["earlier"]] == list(range(19, 12, -1))


async def test_until_when_everything_written_is_in_force(worker: Worker) -> None:
    await worker.replica.start()
    assert worker.entry["through"] is None
    worker.publish(1)(Swept())
    settled = (await worker.tells(revision=1))["through"]
    assert settled <= worker.entry["reported_at"]
    under_way = worker.publish(2)
    worker.policy.snapshot = worker.policy.snapshot.confirmed(time.monotonic())
    beat = worker.entry["reported_at"]
    await eventually(lambda: worker.entry["reported_at"] > beat, "another report")
    assert worker.entry["through"] == pytest.approx(settled, abs=0.005)
    under_way(Swept())
    assert (await worker.tells(revision=2))["through"] > settled


async def test_a_store_that_is_away_is_counted_and_found_again(worker: Worker) -> None:
    await worker.replica.start()
    worker.server.stop()
    worker.publish(3)(Swept(1, time.monotonic()))
    await eventually(lambda: worker.failures >= 2, "two failures")
    worker.server.start()
    await worker.tells(revision=3, cut=1)


async def test_a_store_that_hangs_holds_up_nobody(worker: Worker) -> None:
    worker.server.pause()
    begun = time.monotonic()
    await worker.replica.start()
    assert worker.failures == 1
    assert time.monotonic() - begun < 2
    worker.publish(1)(Swept())
    await worker.replica.stop()
    assert time.monotonic() - begun < 4
    worker.server.resume()


async def test_workers_do_not_take_each_other_for_dead(worker: Worker, redis_server: RedisServer) -> None:
    neighbour = Worker(redis_server)
    await asyncio.gather(worker.replica.start(), neighbour.replica.start())
    beats = {told["reported_at"] for told in worker.entries()}
    await eventually(lambda: min(told["reported_at"] for told in worker.entries()) > max(beats), "both report again")
    assert len(worker.entries()) == 2
    await neighbour.replica.stop()
    assert len(worker.entries()) == 1
