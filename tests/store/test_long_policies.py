"""A policy of very many grants: no turn of the loop is long, an edit reads what it changed, and what is shown is what is stored."""

import asyncio
import gc
import time
from collections.abc import Iterator

import pytest
from support.servers import RedisServer
from support.witness import CATALOGUE, PATIENCE, Watching, Witness, eventually

from gateway.policy.shards import Shards
from gateway.policy.snapshot import Grant, Revocation

ALLOWLIST = "gateway:allowlist:luna"
MANY = 200_000
LONGEST = 0.010


@pytest.fixture
def settled_memory() -> Iterator[None]:
    """What the test runner holds is not collected, as what a gate holds at its start is not."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Turns:
    """Measures each turn of the loop, in seconds of this thread's own work: what else the machine does is left out."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._running = True
        self._began = time.thread_time()
        self._next()

    def __repr__(self) -> str:
        return f"<Turns, the longest {self.longest * 1e3:.1f} ms>"

    def stop(self) -> None:
        self._running = False

    def _next(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._began)
        if self._running:
            asyncio.get_running_loop().call_soon(self._next)
        self._began = time.thread_time()


async def at_work(server: RedisServer, *command: str | bytes) -> None:
    """Send a command while the loop goes on."""
    await asyncio.to_thread(server.cli, *command)


async def shown(witness: Witness, count: int) -> None:
    def quiet() -> bool:
        return not witness.watch._reading.locked()  # noqa: SLF001

    await eventually(lambda: len(witness.snapshot.grants.get("luna", ())) == count and quiet(), f"{count} grants")


def fill(server: RedisServer, key: str) -> None:
    with server.client() as client:
        for first in range(0, MANY, 10_000):
            client.hset(key, mapping={f"org_{number}": "{}" for number in range(first, first + 10_000)})


@pytest.mark.slow
@pytest.mark.usefixtures("settled_memory")
async def test_no_turn_of_the_loop_is_long(store_server: RedisServer, watching: Watching) -> None:
    await asyncio.to_thread(fill, store_server, "elsewhere")
    witness = await watching(store_server, timeout=PATIENCE, canary_every=60)
    turns = Turns()
    await at_work(store_server, "RENAME", "elsewhere", ALLOWLIST)
    await shown(witness, MANY)
    await at_work(store_server, "HSET", ALLOWLIST, "org_acme", "{}")
    await shown(witness, MANY + 1)
    await at_work(store_server, "HSET", ALLOWLIST, "org_acme", '{"until": "2020-01-01T00:00:00Z"}', "org_7", "no JSON")
    await witness.sees(lambda seen: seen.grants["luna"]["org_7"].invalid, "the change of two")
    published = len(witness.published)
    witness.watch.replace_catalogue(dict(CATALOGUE))
    await eventually(lambda: len(witness.published) > published, "publication under a new catalogue")
    await at_work(store_server, "HDEL", ALLOWLIST, "org_acme", "org_7")
    await shown(witness, MANY - 1)
    await at_work(store_server, "UNLINK", ALLOWLIST)
    await shown(witness, 0)
    await at_work(store_server, "HSET", ALLOWLIST, "org_acme", "{}")
    await shown(witness, 1)
    turns.stop()
    assert turns.longest < LONGEST


@pytest.mark.slow
async def test_another_order_of_storage_changes_nothing(store_server: RedisServer, watching: Watching) -> None:
    await asyncio.to_thread(fill, store_server, ALLOWLIST)
    witness = await watching(store_server, timeout=PATIENCE)
    await shown(witness, MANY)
    before = witness.snapshot
    store_server.restart()  # with another seed of its hashes
    store_server.cli("HDEL", ALLOWLIST, "org_7")
    await shown(witness, MANY - 1)
    after = witness.snapshot
    assert before.grants["luna"].keys() - after.grants["luna"].keys() == {"org_7"}
    store_server.cli("HSET", ALLOWLIST, "org_7", "{}")
    await shown(witness, MANY)
    assert witness.snapshot.digest == before.digest


@pytest.mark.slow
async def test_an_edit_makes_anew_only_what_it_changed(redis_server: RedisServer, watching: Watching) -> None:
    await asyncio.to_thread(fill, redis_server, ALLOWLIST)
    witness = await watching(redis_server, timeout=PATIENCE)
    await shown(witness, MANY)
    before = witness.snapshot.grants["luna"]
    redis_server.cli("HDEL", ALLOWLIST, "org_7")
    await shown(witness, MANY - 1)
    after = witness.snapshot.grants["luna"]
    assert isinstance(before, Shards)
    assert isinstance(after, Shards)
    assert sum(one is not other for one, other in zip(before.parts, after.parts, strict=True)) == 1


@pytest.mark.slow
async def test_a_change_does_not_wait_until_new_settings_have_been_taken_in(redis_server: RedisServer, watching: Watching) -> None:
    await asyncio.to_thread(fill, redis_server, ALLOWLIST)
    witness = await watching(redis_server, timeout=5.0)
    await shown(witness, MANY)
    before = witness.snapshot.catalogue
    renewed = dict(CATALOGUE)
    witness.watch.replace_catalogue(renewed)
    await asyncio.sleep(0)
    await at_work(redis_server, "HDEL", ALLOWLIST, "org_7")
    await witness.sees(lambda _: not witness.admits("org_7"), "removal")
    assert witness.snapshot.catalogue is before
    await witness.sees(lambda seen: seen.catalogue is renewed, "new settings")
    assert not witness.admits("org_7")


def test_what_is_held_in_great_numbers_is_never_walked_by_the_collector() -> None:
    for value in (Grant(), Revocation()):
        assert not gc.is_tracked(value)
    assert not gc.is_tracked({"org_acme": Grant()}), "nor is a dict of such"
