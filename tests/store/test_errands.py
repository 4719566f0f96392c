import asyncio

import pytest
from support.servers import RedisServer

from gateway.errors import StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.errands import Errands


def errands_at(server: RedisServer) -> Errands:
    return Errands(parse_address(server.url), 0.5, "shopping")


async def test_commands_are_answered_in_their_order_over_one_connection(store_server: RedisServer) -> None:
    errands = errands_at(store_server)
    assert await asyncio.gather(*(errands.call("ECHO", str(number)) for number in range(20))) == [b"%d" % number for number in range(20)]
    assert await errands.batch([("SET", "k", 1), ("GET", "k")]) == [b"OK", b"1"]
    assert len([line for line in store_server.cli("CLIENT", "LIST").splitlines() if b"name=gateway-watch" in line]) == 1
    errands.close()


async def test_an_error_names_the_errand_and_the_next_call_connects_anew(store_server: RedisServer) -> None:
    errands = errands_at(store_server)
    with pytest.raises(StoreUnavailableError, match="shopping: ERR unknown command"):
        await errands.batch([("PING",), ("NO-SUCH-COMMAND",)])
    assert await errands.call("ECHO", "well") == b"well"
    errands.close()


async def test_a_server_that_is_away_is_said_and_found_again(store_server: RedisServer) -> None:
    errands = errands_at(store_server)
    store_server.stop()
    with pytest.raises(StoreUnavailableError):
        await errands.call("PING")
    store_server.start()
    assert await errands.call("PING") is not None
    errands.close()
