import asyncio

import pytest
from redis.exceptions import WatchError
from support.clusters import StoreCluster
from support.servers import RedisServer
from support.witness import eventually

from gateway.errors import StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.client import MisplacedError, connect

KEY = "{gateway}:models"


async def test_a_plain_address_needs_no_search(store_server: RedisServer) -> None:
    for url in (store_server.url, store_server.unix_url):
        async with connect(parse_address(url)) as client:
            assert await client.incr("n") > 0
    assert store_server.cli("GET", "n") == b"2"


async def test_a_replica_of_a_plain_address_says_that_it_is_read_only(redis_server: RedisServer) -> None:
    redis_server.cli("REPLICAOF", "127.0.0.1", "1")
    async with connect(parse_address(redis_server.url)) as client:
        with pytest.raises(Exception, match="read only replica"):
            await client.incr("n")


@pytest.mark.parametrize("running_cluster", ["redis"], indirect=True)
async def test_a_redirect_is_told_as_nothing_done_and_the_next_command_goes_where_it_should(store_cluster: StoreCluster) -> None:
    async with connect(parse_address(store_cluster.url)) as client:
        await client.hset(KEY, "luna", "1")
        pipeline = client.pipeline(transaction=True)
        await pipeline.watch(KEY)
        await asyncio.to_thread(store_cluster.move_slot, store_cluster.bystander)
        with pytest.raises(MisplacedError, match="no server takes it now"):
            await pipeline.hget(KEY, "luna")
        await pipeline.reset()  # type: ignore[no-untyped-call]
        assert await client.hget(KEY, "luna") == b"1"


@pytest.mark.parametrize("running_cluster", ["redis"], indirect=True)
async def test_a_transaction_that_is_redirected_at_its_end_has_done_nothing(store_cluster: StoreCluster) -> None:
    async with connect(parse_address(store_cluster.url)) as client:
        await client.hset(KEY, "luna", "1")
        async with client.pipeline(transaction=True) as pipeline:
            await pipeline.watch(KEY)
            pipeline.multi()  # type: ignore[no-untyped-call]
            pipeline.hset(KEY, "luna", "2")
            await asyncio.to_thread(store_cluster.move_slot, store_cluster.bystander)
            with pytest.raises(WatchError):
                await pipeline.execute()
        assert await client.hget(KEY, "luna") == b"1"
        await client.hset(KEY, "luna", "3")
    await eventually(lambda: store_cluster.cli("HGET", KEY, "luna") == b"3", "write")


async def test_nobody_to_be_found() -> None:
    async with connect(parse_address("redis+sentinel://127.0.0.1:1/main")) as client:
        with pytest.raises(StoreUnavailableError, match="0 of 1 sentinels"):
            await client.ping()
    async with connect(parse_address("redis+cluster://127.0.0.1:1")) as client:
        with pytest.raises(StoreUnavailableError, match="no primary of slot"):
            await client.ping()
