"""The main job: whatever is typed into redis-cli shows in the snapshot, at once, on Redis and on Valkey."""

import asyncio
import math
import time

from support.servers import RedisServer
from support.witness import CATALOGUE, LUNA, Watching, eventually, read_clock

from gateway.policy.snapshot import Model, StageRecord
from gateway.policy.vocabulary import Stage
from gateway.settings.shape import Store
from gateway.store.address import parse_address
from gateway.store.reading import read_once

ALLOWLIST = "gateway:allowlist:luna"


async def test_an_empty_store_is_up_and_uninitialised(store_server: RedisServer, watching: Watching) -> None:
    witness = await watching(store_server)
    assert witness.watch.up
    assert not witness.snapshot.initialised
    assert witness.snapshot.max_staleness == 60.0
    assert witness.snapshot.confirmed_at > 0


async def test_an_edit_by_hand_takes_effect_and_its_removal_too(store_server: RedisServer, watching: Watching) -> None:
    witness = await watching(store_server, canary_every=60)
    store_server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    await witness.sees(lambda _: witness.admits("org_acme"), "grant")
    assert witness.snapshot.initialised
    store_server.cli("HDEL", ALLOWLIST, "org_acme")
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")


async def test_the_last_removal_leaves_an_empty_policy_not_a_lost_one(store_server: RedisServer, watching: Watching) -> None:
    witness = await watching(store_server)
    store_server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    await eventually(lambda: store_server.cli("GET", "gateway:revision") == b"0", "revision of a policy typed by hand")
    store_server.cli("HDEL", ALLOWLIST, "org_acme")
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")
    assert witness.snapshot.initialised


async def test_every_kind_of_edit_is_heard_without_canary_or_rereading(store_server: RedisServer, watching: Watching) -> None:
    store_server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    witness = await watching(store_server, canary_every=60)
    assert witness.admits("org_acme")
    store_server.cli("DEL", ALLOWLIST)
    await witness.sees(lambda _: not witness.admits("org_acme"), "DEL")
    store_server.cli("HSET", "elsewhere", "org_b", "{}")
    store_server.cli("RENAME", "elsewhere", ALLOWLIST)
    await witness.sees(lambda _: witness.admits("org_b"), "RENAME")
    store_server.cli("EVAL", "return redis.call('HSET', KEYS[1], 'org_c', '{}')", 1, ALLOWLIST)
    await witness.sees(lambda _: witness.admits("org_c"), "script")
    store_server.cli("PEXPIRE", ALLOWLIST, 20)
    await witness.sees(lambda _: not witness.admits("org_b"), "expiry")
    store_server.cli("HSET", "gateway:models", "luna", '{"stage":"general"}')
    await witness.sees(lambda seen: seen.stages.get("luna") == StageRecord(Stage.GENERAL), "stage")
    store_server.cli("HSET", "gateway:directives", "d-1", "{}")
    await witness.sees(lambda seen: [directive.id for directive in seen.directives] == ["d-1"], "directive")
    store_server.cli("HSET", "gateway:revocations", "org:org_b", "{}")
    await witness.sees(lambda seen: "org:org_b" in seen.revocations, "revocation")
    store_server.cli("SET", "gateway:revision", "41")
    store_server.cli("INCR", "gateway:revision")
    await witness.sees(lambda seen: seen.revision == 42, "revision")
    store_server.cli("FLUSHALL")
    await witness.sees(lambda seen: not seen.initialised and not seen.directives, "FLUSHALL")


async def test_listeners_are_told_the_models_touched(store_server: RedisServer, watching: Watching) -> None:
    store_server.cli("SET", "gateway:revision", "1")
    witness = await watching(store_server)
    witness.published.clear()
    store_server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    await witness.sees(lambda _: witness.admits("org_acme"), "grant")
    (old, new, touched), *_ = witness.published
    assert (set(old.grants["luna"]), set(new.grants["luna"])) == (set(), {"org_acme"})
    assert touched == frozenset({"luna"})
    store_server.cli("HSET", "gateway:revocations", "jti:7", "{}")
    await witness.sees(lambda seen: seen.revocations, "revocation")
    assert witness.published[-1][2] is None


async def test_a_malformed_entry_denies_and_is_counted(store_server: RedisServer, watching: Watching) -> None:
    witness = await watching(store_server)
    store_server.cli("HSET", ALLOWLIST, "org_acme", "{until: tomorrow}")
    await witness.sees(lambda _: witness.admits("org_acme"), "entry")
    assert witness.snapshot.grants["luna"]["org_acme"].invalid
    assert [(entry.key, entry.field) for entry in witness.snapshot.invalid] == [(ALLOWLIST, "org_acme")]
    store_server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    await witness.sees(lambda seen: not seen.invalid, "mended entry")


async def test_a_wrong_type_at_a_key_denies_what_it_covers_and_recovers(store_server: RedisServer, watching: Watching) -> None:
    store_server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    store_server.cli("HSET", "gateway:allowlist:terra", "org_acme", "{}")
    witness = await watching(store_server)
    store_server.cli("SET", ALLOWLIST, "org_acme")
    await witness.sees(lambda seen: seen.invalid, "wrong type")
    assert not witness.admits("org_acme")
    assert witness.admits("org_acme", "terra")
    store_server.cli("RPUSH", "gateway:revocations", "org:other")
    await witness.sees(lambda seen: any(directive.invalid and directive.models for directive in seen.directives), "refusal of all")
    store_server.cli("DEL", ALLOWLIST, "gateway:revocations")
    store_server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    await witness.sees(lambda seen: not seen.invalid and witness.admits("org_acme"), "recovery")


async def test_the_canary_confirms_the_snapshot_without_a_publication(store_server: RedisServer, watching: Watching) -> None:
    store_server.cli("SET", "gateway:revision", "1")
    witness = await watching(store_server)
    before, published, reloads = witness.snapshot, len(witness.published), witness.watch.reloads
    await eventually(lambda: witness.snapshot.confirmed_at > before.confirmed_at + 0.1, "confirmations")
    assert 0 < witness.watch.canary_seconds < 1
    assert (len(witness.published), witness.watch.reloads) == (published, reloads)
    assert witness.snapshot.grants is before.grants


async def test_a_rereading_comes_by_itself(redis_server: RedisServer, watching: Watching) -> None:
    witness = await watching(redis_server, reread_every=0.1)
    reloads = witness.watch.reloads
    await eventually(lambda: witness.watch.reloads >= reloads + 2, "re-readings")
    assert witness.watch.watch_errors == 0


async def test_a_new_catalogue_is_read_at_once(redis_server: RedisServer, watching: Watching) -> None:
    redis_server.cli("HSET", "gateway:allowlist:sol", "org_acme", "{}")
    witness = await watching(redis_server, canary_every=60)
    witness.watch.replace_catalogue({"sol": Model(id="sol", upstream="lab"), "luna": LUNA})
    await witness.sees(lambda _: witness.admits("org_acme", "sol"), "allowlist of the new model")
    assert "terra" not in witness.snapshot.catalogue
    assert "terra" not in witness.snapshot.grants


async def test_a_new_catalogue_counts_while_the_store_is_away(redis_server: RedisServer, watching: Watching) -> None:
    redis_server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    witness = await watching(redis_server)
    redis_server.kill()
    await eventually(lambda: not witness.watch.up, "loss")
    witness.watch.replace_catalogue({"luna": LUNA})
    await witness.sees(lambda seen: set(seen.catalogue) == {"luna"}, "new catalogue")
    assert witness.admits("org_acme")


async def test_a_faulty_listener_does_not_stop_the_watch(redis_server: RedisServer, watching: Watching) -> None:
    witness = await watching(redis_server)

    def fault(*_: object) -> None:
        raise RuntimeError("listener")

    witness.watch._on_publish = fault  # noqa: SLF001 (the one way to have a listener that fails from now on)
    redis_server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    await witness.sees(lambda _: witness.admits("org_acme"), "grant")
    assert witness.watch.last_error == "RuntimeError('listener')"
    assert witness.watch.up


async def test_a_long_allowlist_is_read_without_holding_the_loop(redis_server: RedisServer, watching: Watching) -> None:
    with redis_server.client() as client:
        for start in range(0, 100_000, 10_000):
            client.hset(ALLOWLIST, mapping={f"org_{number}": "{}" for number in range(start, start + 10_000)})
    witness = await watching(redis_server, timeout=5.0)
    await witness.sees(lambda _: witness.admits("org_99999"), "grants")
    held: list[float] = []

    async def feel() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            held.append(time.thread_time() - before)

    feeling = asyncio.create_task(feel())
    redis_server.cli("HDEL", ALLOWLIST, "org_50000")
    await witness.sees(lambda _: not witness.admits("org_50000"), "removal")
    feeling.cancel()
    assert max(held) < 0.05
    assert witness.published[-1][2] == frozenset({"luna"})


async def test_reading_once(store_server: RedisServer) -> None:
    store_server.cli("HSET", ALLOWLIST, "org_acme", "{}")
    snapshot = await read_once(parse_address(store_server.url), Store(), CATALOGUE, frozenset, read_clock)
    assert snapshot.grants["luna"].keys() == {"org_acme"}
    assert snapshot.initialised


async def test_another_prefix_is_another_policy(redis_server: RedisServer, watching: Watching) -> None:
    redis_server.cli("HSET", "{gateway}:allowlist:luna", "org_acme", "{}")
    witness = await watching(redis_server, prefix="{gateway}:")
    assert witness.admits("org_acme")
    redis_server.cli("HDEL", "{gateway}:allowlist:luna", "org_acme")
    await witness.sees(lambda _: not witness.admits("org_acme"), "removal")


async def test_before_the_first_canary_its_time_is_unknown(redis_server: RedisServer, watching: Watching) -> None:
    redis_server.pause()
    witness = await watching(redis_server, timeout=0.1)
    assert math.isnan(witness.watch.canary_seconds)
    assert not witness.watch.up
    redis_server.resume()
    await eventually(lambda: witness.watch.up, "connection")
