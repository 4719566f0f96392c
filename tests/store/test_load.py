import contextlib
from collections.abc import AsyncIterator

import pytest
from support.servers import RedisServer

from gateway.errors import StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.keys import Keys
from gateway.store.link import Link, open_link
from gateway.store.load import ensure_revision, load
from gateway.store.resp import ServerError


@contextlib.asynccontextmanager
async def linked(server: RedisServer, password: str = "") -> AsyncIterator[Link]:
    link = await open_link(parse_address(server.url, password=password), 0.5)
    with contextlib.closing(link):
        yield link


async def test_everything_is_read(store_server: RedisServer) -> None:
    store_server.cli("HSET", "gateway:allowlist:luna", "org_a", "{}")
    store_server.cli("HSET", "gateway:models", "luna", "x")
    store_server.cli("SET", "gateway:revision", "3")
    async with linked(store_server) as link:
        stored = await load(link, Keys(), ["luna", "terra"])
    assert (stored.revision, stored.models, stored.directives) == (b"3", [b"luna", b"x"], [])
    assert stored.allowlists == {"luna": [b"org_a", b"{}"], "terra": []}


async def test_a_wrong_type_hides_nothing_else(store_server: RedisServer) -> None:
    store_server.cli("SET", "gateway:models", "x")
    store_server.cli("HSET", "gateway:allowlist:luna", "org_a", "{}")
    async with linked(store_server) as link:
        stored = await load(link, Keys(), ["luna"])
    assert isinstance(stored.models, ServerError)
    assert stored.allowlists == {"luna": [b"org_a", b"{}"]}
    assert stored.holds_anything()


async def test_a_server_without_memory_is_read_all_the_same(store_server: RedisServer) -> None:
    store_server.cli("HSET", "gateway:allowlist:luna", "org_a", "{}")
    store_server.cli("SET", "gateway:models", "x")
    async with linked(store_server) as link:
        before = await load(link, Keys(), ["luna"])
        store_server.cli("CONFIG", "SET", "maxmemory", "1")
        after = await load(link, Keys(), ["luna"])
    assert (after.revision, after.directives, after.allowlists) == (before.revision, before.directives, before.allowlists)
    assert isinstance(after.models, ServerError)
    assert after.models.code == "WRONGTYPE"


async def test_a_user_who_may_not_read_everything_reads_nothing(store_server: RedisServer) -> None:
    store_server.cli("ACL", "SETUSER", "default", "resetkeys", "~gateway:allowlist:*")
    async with linked(store_server) as link:
        with pytest.raises(StoreUnavailableError, match="does not give its policy: NOPERM"):
            await load(link, Keys(), ["luna"])


async def test_a_policy_typed_by_hand_gets_a_revision(store_server: RedisServer) -> None:
    store_server.cli("HSET", "gateway:allowlist:luna", "org_a", "{}")
    async with linked(store_server) as link:
        await ensure_revision(link, Keys(), await load(link, Keys(), ["luna"]))
    assert store_server.cli("GET", "gateway:revision") == b"0"


async def test_a_store_wiped_meanwhile_gets_none(store_server: RedisServer) -> None:
    store_server.cli("HSET", "gateway:allowlist:luna", "org_a", "{}")
    async with linked(store_server) as link:
        stored = await load(link, Keys(), ["luna"])
        store_server.cli("FLUSHALL")
        await ensure_revision(link, Keys(), stored)
    assert store_server.cli("EXISTS", "gateway:revision") == 0


async def test_a_revision_that_is_there_stays(store_server: RedisServer) -> None:
    store_server.cli("SET", "gateway:revision", "9")
    async with linked(store_server) as link:
        await ensure_revision(link, Keys(), await load(link, Keys(), ["luna"]))
    assert store_server.cli("GET", "gateway:revision") == b"9"
