import contextlib
import math
from collections.abc import AsyncIterator

import pytest
from support.servers import RedisServer

from gateway.errors import StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.canary import LIFE, Canary
from gateway.store.feed import Feed, open_feed
from gateway.store.keys import Keys
from gateway.store.link import open_link

KEY = Keys().canary("me")


@contextlib.asynccontextmanager
async def singing(server: RedisServer, heard_on: RedisServer | None = None) -> AsyncIterator[tuple[Canary, Feed]]:
    feed = await open_feed(parse_address((heard_on or server).url), Keys(), "me", 0.5)
    link = await open_link(parse_address(server.url), 0.5)
    with contextlib.closing(feed.link), contextlib.closing(link):
        feed.begin_reading()
        yield Canary(link, feed, KEY), feed


async def test_a_canary_is_heard_and_timed(store_server: RedisServer) -> None:
    async with singing(store_server) as (canary, feed):
        for _ in range(20):
            await canary.sing()
            assert 0 < canary.seconds < 1
        assert not feed.dirty


async def test_the_key_of_a_watcher_that_is_gone_disappears(store_server: RedisServer) -> None:
    async with singing(store_server) as (canary, _):
        await canary.sing()
    assert 0 < store_server.cli("TTL", KEY) <= LIFE


async def test_a_deaf_feed_is_noticed_at_once(store_server: RedisServer) -> None:
    async with singing(store_server) as (canary, feed):
        await feed.link.call("CLIENT", "TRACKING", "OFF")
        with pytest.raises(StoreUnavailableError, match="no longer tells of changes"):
            await canary.sing()


async def test_two_connections_to_two_servers_are_noticed(redis_server: RedisServer) -> None:
    other = RedisServer("redis").start()
    try:
        async with singing(redis_server, heard_on=other) as (canary, _):
            with pytest.raises(StoreUnavailableError, match="no longer tells of changes"):
                await canary.sing()
    finally:
        other.close()


async def test_exchanged_data_are_read_again(store_server: RedisServer) -> None:
    async with singing(store_server) as (canary, feed):
        await canary.sing()
        store_server.cli("SWAPDB", "0", "5")
        await canary.sing()
        assert feed.dirty


async def test_a_refused_write_is_told_and_does_not_end_the_watch(redis_server: RedisServer) -> None:
    async with singing(redis_server) as (canary, feed):
        redis_server.cli("CONFIG", "SET", "maxmemory", "1")
        await canary.sing()
        assert math.isnan(canary.seconds)
        assert canary.refused.startswith("OOM")
        redis_server.cli("CONFIG", "SET", "maxmemory", "0")
        await canary.sing()
        assert canary.seconds > 0
        assert not feed.dirty


async def test_a_read_only_server_is_not_believed(redis_server: RedisServer) -> None:
    async with singing(redis_server) as (canary, _):
        redis_server.cli("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(StoreUnavailableError, match="READONLY"):
            await canary.sing()
