"""The fault matrix: what befalls a gate whose partner X is removed meanwhile. Each row is a short play on a stage that is already open.

In a row whose scene is `away` the gate cannot reach its store for a while: its bound is `max_staleness`, all others' milliseconds
(asserted as a second and a half, since machines are shared).
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Final

import redis.asyncio
from msgspec import Struct, structs
from support.theatre import ALL, AWAY, FRONTIER, GATED, OPEN, SCARCE, Scene, Theatre, X, Y, Z, on, until

from gateway.store.keys import Keys
from gateway.store.writer import PolicyWriter

Play = Callable[[Theatre], Awaitable[None]]
HOUR = 3600


class Row(Struct, frozen=True):
    """One fault. `both`: the servers' products may differ in it, so it is played on each."""

    play: Play
    scene: Scene = Scene()
    both: bool = False

    @property
    def products(self) -> tuple[str, ...]:
        """The servers on which it is played."""
        return ("redis", "valkey") if self.both else ("redis",)

    @property
    def name(self) -> str:
        """The play's, in words."""
        return self.play.__name__.replace("_", " ")


# -- the store is within reach: milliseconds --------------------------------------------------------------------------


async def removed(stage: Theatre) -> None:
    """No fault at all."""
    await stage.remove(X)
    await stage.watch()


async def removed_by_the_tool(stage: Theatre) -> None:
    """One transaction: the data, the revision, an entry in the stream of changes."""
    async with redis.asyncio.Redis(port=stage.server.port, protocol=2) as client:
        with stage.ends(on(FRONTIER, X)):
            await PolicyWriter(client, Keys()).remove_grant(FRONTIER, X, "operator", "the contract has ended")
    await stage.watch()


async def organisation_revoked(stage: Theatre) -> None:
    """X is out of everything, what is not gated too."""
    with stage.ends(key for key in ALL if key[0] == X):
        await stage.cli("HSET", "gateway:revocations", f"org:{X}", "{}")
    await stage.watch()


async def model_suspended(stage: Theatre) -> None:
    """Everybody is out of one model, and in the others."""
    with stage.ends(on(FRONTIER)):
        await stage.cli("HSET", "gateway:models", FRONTIER, '{"stage":"suspended"}')
    await stage.watch()


async def ordered_by_directive(stage: Theatre) -> None:
    """A directive stops a model for everybody but Y."""
    with stage.ends(on(FRONTIER, X, Z)):
        await stage.cli("HSET", "gateway:directives", "halt", json.dumps({"models": [FRONTIER], "except_organisations": [Y]}))
    await stage.watch()


async def removed_and_every_connection_killed(stage: Theatre) -> None:
    """In one transaction, so that no push of the removal can ever arrive."""
    with stage.ends(on(FRONTIER, X)):
        await asyncio.to_thread(_kill_and_remove, stage)
    await stage.watch()
    assert stage.gates[0].watch.watch_errors


async def connections_reset(stage: Theatre) -> None:
    """The network resets both connections; the removal comes before the gate is back."""
    stage.way.tear()
    await stage.remove(X)
    await stage.watch()
    assert stage.gates[0].watch.watch_errors


async def flushall(stage: Theatre) -> None:
    """A store without a policy permits nothing, not even what is not gated; a policy written anew is in force at once."""
    with stage.ends(ALL):
        await stage.cli("FLUSHALL")
    await stage.watch()
    assert not stage.running(*ALL)
    with stage.begins(on(OPEN)):
        await stage.admit(Y, Z)
    await stage.recovers([*on(FRONTIER, Y, Z), *on(OPEN)])


async def swapdb(stage: Theatre) -> None:
    """Another database takes the place of the first, and nothing tells: it holds the same policy without X."""
    await asyncio.to_thread(_copy_without_x, stage)
    await stage.settled()  # tracking does not tell databases apart: the copying was heard
    with stage.ends(on(FRONTIER, X)):
        await stage.cli("SWAPDB", 0, 9)
    await stage.watch()


async def debug_sleep(stage: Theatre) -> None:
    """The server does nothing for half a second, less than the gate's patience."""
    sleeping = asyncio.create_task(stage.cli("DEBUG", "SLEEP", 0.5))
    await stage.remove(X)
    await sleeping
    await stage.watch()
    assert not stage.gates[0].watch.watch_errors


async def out_of_memory(stage: Theatre) -> None:
    """The server takes no more data: the canary cannot sing, removals still count."""
    await stage.cli("CONFIG", "SET", "maxmemory", 1)
    await until(lambda: stage.gates[0].watch.canary_seconds != stage.gates[0].watch.canary_seconds, "refusal of the canary")
    await stage.remove(X)
    await stage.watch()


async def wrong_type(stage: Theatre) -> None:
    """A string where an allowlist was: its model is for nobody, others are not touched; put right, it is as before without X."""
    with stage.ends(on(FRONTIER)):
        await stage.cli("RENAME", stage.allowlist(FRONTIER), "aside")
        await stage.cli("SET", stage.allowlist(FRONTIER), "no hash")
    await stage.watch()
    assert not stage.running(*on(FRONTIER))
    await stage.cli("HDEL", "aside", X)
    with stage.begins(on(FRONTIER, Y, Z)):
        await stage.cli("RENAME", "aside", stage.allowlist(FRONTIER))
    await stage.recovers(on(FRONTIER, Y, Z))


async def restart_with_the_data(stage: Theatre) -> None:
    """A restart is shorter than `max_staleness`: nobody else notices."""
    with stage.ledger.outage():
        await asyncio.to_thread(stage.server.restart)
        await stage.remove(X)
    await stage.watch()


async def restart_without_the_data(stage: Theatre) -> None:
    """The policy is lost with the server."""
    with stage.ends(ALL):
        await asyncio.to_thread(stage.server.restart, keep_data=False)
    await stage.watch()
    assert not stage.running(*ALL)
    with stage.begins(on(OPEN)):
        await stage.admit(Y)
    await stage.recovers([*on(FRONTIER, Y), *on(OPEN)])


async def removed_while_it_waits_for_its_upstream(stage: Theatre) -> None:
    """X has been permitted and waits for a free connection upstream; when one is free, it must not be sent."""
    holder = await stage.observer.stream((Y, SCARCE))
    await until(lambda: holder.log.arrivals, "Y holds the only connection")
    waiting = await stage.observer.stream((X, SCARCE))
    await until(lambda: stage.gates[0].gate.upstreams["narrow"].waiting == 1, "X waits")
    await stage.remove(X, model=SCARCE)
    await stage.gates_know(lambda snapshot: X not in snapshot.grants[SCARCE])
    holder.leave()
    await holder.ended.wait()
    after = await stage.observer.stream((Z, SCARCE))
    await until(lambda: after.log.arrivals or waiting.log.arrivals, "somebody is served")
    await stage.watch()


# -- the clock ---------------------------------------------------------------------------------------------------------


async def clock_steps_past_the_end_of_a_grant(stage: Theatre) -> None:
    """X's grant ends in an hour, and the clock is set an hour and a half ahead."""
    await stage.admit(X, grant=json.dumps({"until": time.time() + HOUR}))
    await stage.gates_know(lambda snapshot: snapshot.grants[FRONTIER][X].valid_until < time.time() + 2 * HOUR)
    with stage.ends(on(FRONTIER, X)):
        stage.clock.ahead = 1.5 * HOUR
    await stage.watch()


async def clock_steps_past_the_start_of_a_directive(stage: Theatre) -> None:
    """Y is excepted."""
    order = {"effect": "suspend", "models": [FRONTIER], "from": time.time() + HOUR, "except_organisations": [Y]}
    await stage.cli("HSET", "gateway:directives", "ordered", json.dumps(order))
    await stage.gates_know(lambda snapshot: len(snapshot.directives) == 1)
    with stage.ends(on(FRONTIER, X, Z)):
        stage.clock.ahead = 1.5 * HOUR
    await stage.watch()


async def clock_steps_back_into_a_directive(stage: Theatre) -> None:
    """An order of yesterday is in force again where it is yesterday."""
    order = {"effect": "suspend", "models": [FRONTIER], "until": time.time() - HOUR, "except_organisations": [Y, Z]}
    await stage.cli("HSET", "gateway:directives", "ordered", json.dumps(order))
    await stage.gates_know(lambda snapshot: len(snapshot.directives) == 1)
    with stage.ends(on(FRONTIER, X)):
        stage.clock.ahead = -1.5 * HOUR
    await stage.watch()


async def a_grant_ends_while_the_server_is_frozen(stage: Theatre) -> None:
    """No store is needed for what time alone ends."""
    end = time.time() + 0.5
    await stage.admit(X, grant=json.dumps({"until": end}))
    await stage.gates_know(lambda snapshot: snapshot.grants[FRONTIER][X].valid_until == end)
    stage.server.pause()
    moment = time.monotonic() + end - time.time()
    stage.ledger.note((X, FRONTIER), permitted=False, sent=moment, acked=moment)
    await asyncio.sleep(end - time.time())
    await stage.watch()
    stage.server.resume()


# -- the store is out of reach: max_staleness --------------------------------------------------------------------------


async def server_frozen(stage: Theatre) -> None:
    """SIGSTOP right after the removal: connections stay open and silent."""
    with stage.ledger.outage():
        await stage.remove(X)
        stage.server.pause()
        await stage.stale()
        stage.server.resume()
    await stage.back_without_x()


async def black_hole(stage: Theatre) -> None:
    """Packets between gate and store vanish; the removal is written on the far side."""
    with stage.ledger.outage():
        stage.way.open.clear()
        await stage.remove(X)
        await stage.stale()
        stage.way.open.set()
    await stage.back_without_x()


async def store_slow_by_two_seconds(stage: Theatre) -> None:
    """Every answer is older than it may be."""
    with stage.ledger.outage():
        stage.way.delay = 1.0
        await stage.remove(X)
        await stage.stale()
        stage.way.delay = 0.0
    await stage.back_without_x()


async def password_changed(stage: Theatre) -> None:
    """The gate's password is refused: it must not go on with what it knew."""
    with stage.ledger.outage():
        await stage.cli("CONFIG", "SET", "requirepass", "new")
        stage.server.options["requirepass"] = "new"
        await stage.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await stage.remove(X)
        await stage.stale()
        await stage.cli("CONFIG", "SET", "requirepass", "")
        del stage.server.options["requirepass"]
    await stage.back_without_x()


def _kill_and_remove(stage: Theatre) -> None:
    with stage.server.client() as client, client.pipeline(transaction=True) as together:
        together.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        together.hdel(stage.allowlist(FRONTIER), X)
        together.execute()


def _copy_without_x(stage: Theatre) -> None:
    with stage.server.client() as client:
        for key in (*map(stage.allowlist, GATED), "gateway:revision"):
            client.execute_command("COPY", key, key, "DB", 9)
        client.execute_command("SELECT", 9)
        client.execute_command("HDEL", stage.allowlist(FRONTIER), X)
        client.execute_command("SELECT", 0)


THROUGH: Final = Scene(through=True)
ROWS: Final = (
    Row(removed),
    Row(removed_by_the_tool),
    Row(organisation_revoked),
    Row(model_suspended),
    Row(ordered_by_directive),
    Row(removed_and_every_connection_killed, both=True),
    Row(connections_reset, THROUGH),
    Row(flushall, both=True),
    Row(swapdb, both=True),
    Row(debug_sleep),
    Row(out_of_memory, both=True),
    Row(wrong_type, both=True),
    Row(restart_with_the_data),
    Row(restart_without_the_data),
    Row(removed_while_it_waits_for_its_upstream),
    Row(clock_steps_past_the_end_of_a_grant),
    Row(clock_steps_past_the_start_of_a_directive),
    Row(clock_steps_back_into_a_directive),
    Row(a_grant_ends_while_the_server_is_frozen),
    Row(server_frozen, AWAY, both=True),
    Row(black_hole, structs.replace(AWAY, through=True)),
    Row(store_slow_by_two_seconds, structs.replace(AWAY, through=True, timeout=3.0)),
    Row(password_changed, AWAY),
)
