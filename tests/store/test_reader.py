import time
from collections.abc import AsyncIterator

import pytest
from support.servers import RedisServer

from gateway.errors import CommandError, StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.client import connect
from gateway.store.keys import Keys
from gateway.store.reader import PolicyReader
from gateway.store.writer import PolicyWriter


@pytest.fixture
async def reader(redis_server: RedisServer) -> AsyncIterator[PolicyReader]:
    async with connect(parse_address(redis_server.url)) as client:
        yield PolicyReader(client, Keys())


async def test_lists(reader: PolicyReader, redis_server: RedisServer) -> None:
    redis_server.cli("HSET", "gateway:allowlist:luna", "org_b", "{}", "org_a", "{}")
    redis_server.cli("HSET", "gateway:allowlist:gone", "org_a", "{}")
    redis_server.cli("HSET", "gateway:models", "luna", '{"stage":"general"}')
    assert list(await reader.allowlist("luna")) == ["org_a", "org_b"]
    assert await reader.allowlisted_models() == ("gone", "luna")
    assert await reader.models() == {"luna": '{"stage":"general"}'}
    assert (await reader.directives(), await reader.revocations()) == ({}, {})


async def test_the_revision(reader: PolicyReader, redis_server: RedisServer) -> None:
    assert await reader.revision() is None
    redis_server.cli("SET", "gateway:revision", "12")
    assert await reader.revision() == 12


async def test_changes_since(reader: PolicyReader, redis_server: RedisServer) -> None:
    async with connect(parse_address(redis_server.url)) as client:
        await PolicyWriter(client, Keys()).put_grant("luna", "org_a", "{}", "ops")
    assert len(await reader.changes()) == 1
    assert len(await reader.changes(time.time() - 60)) == 1
    assert await reader.changes(time.time() + 60) == []


async def test_a_long_record_is_read_page_by_page(reader: PolicyReader, redis_server: RedisServer) -> None:
    async with connect(parse_address(redis_server.url)) as client:
        for number in range(5):
            await PolicyWriter(client, Keys()).put_grant("luna", f"org_{number}", "{}", "ops")
    assert [change["revision"] for change in await reader.changes(page=2)] == [1, 2, 3, 4, 5]


async def test_everything_that_is_policy_and_nothing_else(reader: PolicyReader, redis_server: RedisServer) -> None:
    redis_server.cli("HSET", "gateway:allowlist:luna", "org_a", "{}")
    redis_server.cli("HSET", "gateway:pending", "0123", "{}")
    assert await reader.policy() == {
        "gateway:models": {},
        "gateway:directives": {},
        "gateway:revocations": {},
        "gateway:allowlist:luna": {"org_a": "{}"},
    }


async def test_replicas_and_the_clock_by_which_they_report(reader: PolicyReader, redis_server: RedisServer) -> None:
    redis_server.cli("HSET", "gateway:replicas", "w1", '{"revision": 7}')
    assert await reader.replicas() == {"w1": '{"revision": 7}'}
    before = await reader.now()
    assert before == pytest.approx(time.time(), abs=5)
    assert await reader.now() > before


async def test_a_prefix_is_no_pattern(redis_server: RedisServer) -> None:
    redis_server.cli("HSET", "g*:allowlist:luna", "org_a", "{}")
    redis_server.cli("HSET", "gx:allowlist:terra", "org_a", "{}")
    async with connect(parse_address(redis_server.url)) as client:
        assert await PolicyReader(client, Keys("g*:")).allowlisted_models() == ("luna",)


async def test_a_lost_store_is_said(reader: PolicyReader, redis_server: RedisServer) -> None:
    redis_server.kill()
    with pytest.raises(StoreUnavailableError, match="cannot be read"):
        await reader.models()


async def test_an_entry_that_somebody_added_by_hand_hides_no_other(reader: PolicyReader, redis_server: RedisServer) -> None:
    redis_server.cli("XADD", "gateway:changes", "*", "foo", "bar")
    redis_server.cli("XADD", "gateway:changes", "*", "id", "7-7", "revision", "9" * 5000, "who", "ann")
    first, second = await reader.changes()
    assert (first["revision"], first["who"], first["key"], first["foo"]) == (0, "", "", "bar")
    assert (second["revision"], second["who"]) == (0, "ann")
    assert second["id"] != "7-7"


async def test_a_key_of_another_type_is_named(reader: PolicyReader, redis_server: RedisServer) -> None:
    for key in ("directives", "changes", "pending", "replicas"):
        redis_server.cli("SET", f"gateway:{key}", "x")
        with pytest.raises(CommandError, match=f"gateway:{key} is of another type"):
            await getattr(reader, key)()
