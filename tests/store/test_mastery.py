import contextlib

import pytest
from support.servers import RedisServer
from support.witness import eventually

from gateway.errors import StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.link import open_link
from gateway.store.mastery import require_master


async def test_a_master_passes_and_a_replica_does_not(store_server: RedisServer) -> None:
    with contextlib.closing(await open_link(parse_address(store_server.url), 0.5)) as link:
        await require_master(link)
        store_server.cli("REPLICAOF", "127.0.0.1", "1")
        await eventually(lambda: store_server.cli("ROLE")[0] == b"slave", "demotion")
        with pytest.raises(StoreUnavailableError, match="the store is a slave now, not the master"):
            await require_master(link)


async def test_a_server_that_does_not_say_is_not_believed(redis_server: RedisServer) -> None:
    redis_server.cli("ACL", "SETUSER", "gate", "on", ">pw", "+@all", "-role")
    with contextlib.closing(await open_link(parse_address(redis_server.url.replace("//", "//gate:pw@")), 0.5)) as link:
        with pytest.raises(StoreUnavailableError, match=r"does not say whether it is the master: NOPERM .*'role'"):
            await require_master(link)
