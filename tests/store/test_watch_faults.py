"""What breaks, and that the watch neither misses a change nor trusts a store that may no longer tell of them."""

import asyncio
import math
import time
from collections.abc import Iterator

import pytest
from support.servers import RedisServer
from support.witness import Watching, Witness, eventually

ALLOWLIST = "gateway:allowlist:luna"


@pytest.fixture
def second_server() -> Iterator[RedisServer]:
    server = RedisServer("redis").start()
    yield server
    server.close()


async def admitting(server: RedisServer, watching: Watching, **settings: float) -> Witness:
    """A watch that has seen org_acme admitted."""
    server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    server.cli("SET", "gateway:revision", "1")
    witness = await watching(server, **settings)
    assert witness.admits("org_acme")
    return witness


async def test_a_removal_while_the_connection_is_killed_is_not_missed(store_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(store_server, watching)
    with store_server.client() as client, client.pipeline(transaction=True) as together:
        together.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        together.hdel(ALLOWLIST, "org_acme")
        together.execute()
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")
    await eventually(lambda: witness.watch.up, "connection")
    assert witness.watch.watch_errors >= 1


async def test_a_half_open_connection_is_noticed_and_the_snapshot_ages(store_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(store_server, watching, timeout=0.2)
    store_server.pause()
    paused = time.monotonic()
    await eventually(lambda: not witness.watch.up, "loss")
    assert witness.snapshot.confirmed_at <= paused
    assert witness.admits("org_acme")
    store_server.resume()
    await eventually(lambda: witness.watch.up, "connection")
    store_server.cli("HDEL", ALLOWLIST, "org_acme")
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")


async def test_a_restart_with_the_data_resumes_by_itself(store_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(store_server, watching)
    store_server.stop()
    await eventually(lambda: not witness.watch.up, "loss")
    assert witness.admits("org_acme")
    digest = witness.snapshot.digest
    store_server.start()
    await eventually(lambda: witness.watch.up, "connection")
    await witness.settled()
    assert witness.admits("org_acme")
    assert witness.snapshot.digest == digest


async def test_a_restart_without_the_data_is_uninitialised(store_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(store_server, watching)
    store_server.restart(keep_data=False)
    await witness.sees(lambda seen: not seen.initialised, "loss of the policy")
    assert not witness.admits("org_acme")
    assert witness.published[-1][2] is None


async def test_a_cold_start_without_a_store_admits_nobody_and_waits(watching: Watching) -> None:
    server = RedisServer("redis")
    witness = await watching(server, timeout=0.1)
    assert not witness.watch.up
    assert not witness.snapshot.initialised
    assert "127.0.0.1" in witness.watch.last_error
    server.start()
    server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    await witness.sees(lambda _: witness.admits("org_acme"), "first policy")
    server.close()


async def test_flushall_is_a_lost_policy(store_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(store_server, watching, canary_every=60)
    store_server.cli("FLUSHALL")
    await witness.sees(lambda seen: not seen.initialised, "loss of the policy")


async def test_swapdb_of_which_nothing_is_pushed_is_found_by_the_canary(store_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(store_server, watching)
    await witness.settled()
    store_server.cli("SWAPDB", "0", "9")
    await witness.sees(lambda seen: not seen.initialised, "other database")
    store_server.cli("SWAPDB", "0", "9")
    await witness.sees(lambda _: witness.admits("org_acme"), "first database")


async def test_a_feed_that_went_deaf_is_found_by_the_canary(store_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(store_server, watching)
    feed = witness.watch._feed  # noqa: SLF001 (only the connection itself can turn its tracking off)
    assert feed is not None
    await feed.link.call("CLIENT", "TRACKING", "OFF")
    store_server.cli("HDEL", ALLOWLIST, "org_acme")
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")
    assert witness.watch.last_error == "the store no longer tells of changes: the canary was written and not heard"
    await eventually(lambda: witness.watch.up, "connection")


async def test_a_demoted_master_is_left(store_server: RedisServer, second_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(store_server, watching)
    store_server.cli("REPLICAOF", "127.0.0.1", str(second_server.port))
    await eventually(lambda: not witness.watch.up, "distrust")
    confirmed_at = witness.snapshot.confirmed_at
    await eventually(lambda: "not the master" in witness.watch.last_error, "reason")
    assert witness.snapshot.confirmed_at == confirmed_at
    assert witness.admits("org_acme")
    store_server.cli("REPLICAOF", "NO", "ONE")
    await eventually(lambda: witness.watch.up, "trust")
    await witness.settled()


async def test_another_history_of_the_data_is_noticed(redis_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(redis_server, watching, reread_every=0.05)
    redis_server.cli("DEBUG", "CHANGE-REPL-ID")
    await eventually(lambda: "replaced or its data exchanged" in witness.watch.last_error, "distrust")
    await eventually(lambda: witness.watch.up, "connection")


async def test_a_server_without_memory_still_confirms_and_still_revokes(store_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(store_server, watching)
    store_server.cli("CONFIG", "SET", "maxmemory", "1")
    await eventually(lambda: math.isnan(witness.watch.canary_seconds), "refusal of the canary")
    await witness.settled()
    assert witness.watch.up
    store_server.cli("HDEL", ALLOWLIST, "org_acme")
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")
    store_server.cli("CONFIG", "SET", "maxmemory", "0")
    await eventually(lambda: witness.watch.canary_seconds >= 0, "canary")


async def test_a_changed_password_keeps_the_last_snapshot_until_it_is_right_again(redis_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(redis_server, watching)
    redis_server.cli("CONFIG", "SET", "requirepass", "new")
    redis_server.options["requirepass"] = "new"
    redis_server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await eventually(lambda: "NOAUTH" in witness.watch.last_error or "HELLO" in witness.watch.last_error, "refusal")
    assert witness.admits("org_acme")
    redis_server.cli("CONFIG", "SET", "requirepass", "")
    await eventually(lambda: witness.watch.up, "connection")


async def test_a_slow_answer_is_waited_for(store_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(store_server, watching, timeout=2.0)
    await asyncio.to_thread(store_server.cli, "DEBUG", "SLEEP", "0.3")
    await witness.settled()
    assert witness.watch.watch_errors == 0


async def test_a_storm_of_edits_ends_in_the_last_one(store_server: RedisServer, watching: Watching) -> None:
    witness = await admitting(store_server, watching)

    def storm() -> None:
        with store_server.client() as client:
            for number in range(2000):
                client.hset(ALLOWLIST, f"org_{number % 50}", "{}")
                client.hdel(ALLOWLIST, f"org_{(number - 25) % 50}")
            client.hset(ALLOWLIST, "org_last", "{}")

    await asyncio.to_thread(storm)
    await witness.sees(lambda _: witness.admits("org_last"), "last edit")
    await witness.settled()
    assert {name.encode() for name in witness.snapshot.grants["luna"]} == set(store_server.cli("HKEYS", ALLOWLIST))
    assert witness.watch.reloads < 4000, "edits that come together are read together"


async def test_new_enemy_who_was_removed_never_reaches_what_was_published_after(store_server: RedisServer, watching: Watching) -> None:
    """Remove org_x, then open terra to everyone: no snapshot may hold the second without the first (Zanzibar, section 1)."""
    witness = await admitting(store_server, watching)

    def rounds() -> None:
        with store_server.client() as client:
            for _ in range(400):
                client.hset(ALLOWLIST, "org_x", "{}")
                client.hset("gateway:models", "terra", '{"stage":"suspended"}')
                client.hdel(ALLOWLIST, "org_x")
                client.hset("gateway:models", "terra", '{"stage":"general"}')
                client.hdel("gateway:models", "terra")

    await asyncio.to_thread(rounds)
    await witness.settled()
    seen = [new for _, new, _ in witness.published]
    assert any("org_x" in snapshot.grants["luna"] for snapshot in seen)
    opened = [snapshot for snapshot in seen if (record := snapshot.stages.get("terra")) and record.stage == "general"]
    assert not [snapshot for snapshot in opened if "org_x" in snapshot.grants["luna"]]


async def test_a_key_whose_time_is_over_is_gone_with_the_next_confirmation_however_busy_the_server_is_with_others(
    store_server: RedisServer, watching: Watching
) -> None:
    witness = await admitting(store_server, watching)
    store_server.cli("DEBUG", "SET-ACTIVE-EXPIRE", 0)  # as where a million other keys wait to be expired
    store_server.cli("PEXPIRE", ALLOWLIST, 20)
    await witness.sees(lambda _: not witness.admits("org_acme"), "expiry")
    store_server.cli("DEBUG", "SET-ACTIVE-EXPIRE", 1)


async def test_a_server_that_throws_keys_away_is_named(store_server: RedisServer, watching: Watching) -> None:
    store_server.cli("CONFIG", "SET", "maxmemory", "1gb")
    store_server.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    witness = await admitting(store_server, watching)
    await eventually(lambda: "maxmemory-policy allkeys-lru" in witness.watch.last_error, "warning")
    assert witness.watch.up


@pytest.mark.parametrize(("limit", "policy"), [("1gb", "volatile-lru"), ("1gb", "noeviction"), ("0", "allkeys-lru")])
async def test_one_that_keeps_them_is_not(redis_server: RedisServer, watching: Watching, limit: str, policy: str) -> None:
    redis_server.cli("CONFIG", "SET", "maxmemory", limit)
    redis_server.cli("CONFIG", "SET", "maxmemory-policy", policy)
    witness = await admitting(redis_server, watching)
    await witness.settled()
    assert witness.watch.last_error == ""
