import contextlib
from collections.abc import AsyncIterator

import pytest
from support.servers import RedisServer
from support.witness import eventually

from gateway.errors import StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.feed import Feed, open_feed
from gateway.store.keys import Keys


@contextlib.asynccontextmanager
async def fed(server: RedisServer) -> AsyncIterator[Feed]:
    feed = await open_feed(parse_address(server.url), Keys(), "me", 0.5)
    with contextlib.closing(feed.link):
        yield feed


async def test_a_change_of_the_policy_is_news(store_server: RedisServer) -> None:
    async with fed(store_server) as feed:
        assert feed.dirty, "nothing has been read yet"
        feed.begin_reading()
        store_server.cli("HSET", "gateway:allowlist:any", "org", "{}")
        await feed.news.wait()
        assert feed.dirty


async def test_once_a_round_trip_is_done_everything_before_it_was_heard(store_server: RedisServer) -> None:
    async with fed(store_server) as feed:
        for number in range(50):
            feed.begin_reading()
            store_server.cli("HSET", "gateway:models", f"m{number}", "{}")
            await feed.confirm()
            assert feed.dirty


async def test_what_is_not_policy_is_no_news(store_server: RedisServer) -> None:
    async with fed(store_server) as feed:
        feed.begin_reading()
        store_server.cli("HSET", "gateway:replicas", "w", "{}")
        store_server.cli("SET", "gateway:canary:another", "1")
        store_server.cli("SET", "elsewhere", "1")
        await feed.confirm()
        assert not feed.dirty


async def test_the_own_canary_is_heard_and_is_no_news(store_server: RedisServer) -> None:
    async with fed(store_server) as feed:
        feed.begin_reading()
        store_server.cli("SET", "gateway:canary:me", "1")
        await feed.confirm()
        assert feed.canary_heard_at is not None
        assert not feed.dirty


async def test_the_loss_of_the_connection_wakes(store_server: RedisServer) -> None:
    async with fed(store_server) as feed:
        feed.begin_reading()
        store_server.kill()
        await feed.news.wait()
        with pytest.raises(StoreUnavailableError, match=r"closed|reset"):
            feed.check()


async def test_a_replica_is_refused(redis_server: RedisServer) -> None:
    redis_server.cli("REPLICAOF", "127.0.0.1", "1")
    await eventually(lambda: redis_server.cli("ROLE")[0] == b"slave", "demotion")
    with pytest.raises(StoreUnavailableError, match="not the master"):
        await open_feed(parse_address(redis_server.url), Keys(), "me", 0.5)


async def test_another_history_is_another_identity(redis_server: RedisServer) -> None:
    async with fed(redis_server) as feed:
        await feed.check_identity()
        assert all(feed.identity)
        redis_server.cli("DEBUG", "CHANGE-REPL-ID")
        with pytest.raises(StoreUnavailableError, match="replaced or its data exchanged"):
            await feed.check_identity()


async def test_a_prefix_that_overlaps_is_an_error_of_the_server_not_silence(redis_server: RedisServer) -> None:
    class Overlapping(Keys, frozen=True):
        def tracked(self, watcher: str) -> tuple[str, ...]:
            return (self.prefix, self.canary(watcher))

    with pytest.raises(StoreUnavailableError, match="overlap"):
        await open_feed(parse_address(redis_server.url), Overlapping(), "me", 0.5)
