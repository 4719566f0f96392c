"""How many connections there may be: in total, from one address, of one organisation; who is refused is told where that is possible."""

import asyncio
import socket
from contextlib import AsyncExitStack
from ipaddress import ip_network

from support.house import open_stage
from support.wire_ends import OK, RawCaller, answering, eventually, raw_caller, scripted

from gateway.proxy.threshold import Threshold
from gateway.settings.shape import Limits

LOOPBACK = (ip_network("127.0.0.0/8"),)
ONE_A_PERSON = Limits(connections_per_address=1)
TWO_A_PERSON = Limits(connections_per_address=2)
TWO_AN_ORGANISATION = Limits(connections_per_organisation=2)


async def test_one_address_has_only_so_many_and_a_closed_one_makes_room() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url], limits=TWO_A_PERSON) as stage, AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(raw_caller(stage.port)) for _ in range(2)]
        await eventually(lambda: len(stage.gate.doors.connections) == 2, "two inside")
        async with raw_caller(stage.port) as third:
            assert (await third.rest())[0] == b""
        assert stage.metrics.refused_connections.labels("address").value == 1
        first.writer.close()
        await eventually(lambda: len(stage.gate.doors.connections) == 1, "one left")
        async with raw_caller(stage.port) as fourth:
            for caller in (second, fourth):
                caller.post()
                assert (await caller.head()).startswith(b"HTTP/1.1 200")


async def test_connections_of_a_trusted_proxy_are_not_one_persons() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url], limits=TWO_A_PERSON) as stage, AsyncExitStack() as stack:
        stage.gate.doors.trusted = LOOPBACK
        for caller in [await stack.enter_async_context(raw_caller(stage.port)) for _ in range(5)]:
            caller.post()
            assert (await caller.head()).startswith(b"HTTP/1.1 200")


async def test_addresses_that_a_proxy_tells_are_counted_each_for_itself() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url], limits=ONE_A_PERSON) as stage, AsyncExitStack() as stack:
        stage.gate.doors.trusted = LOOPBACK
        door = Threshold(stage.gate, listening, LOOPBACK, "v1", lambda: None)
        door.start()
        callers = [await stack.enter_async_context(raw_caller(listening.getsockname()[1])) for _ in range(3)]
        for caller, address in zip(callers[:2], (b"198.51.100.7", b"198.51.100.8"), strict=True):
            caller.send(b"PROXY TCP4 %b 203.0.113.1 5000 80\r\n" % address)
            assert await _status(caller) == b"200"
        callers[2].send(b"PROXY TCP4 198.51.100.7 203.0.113.1 5001 80\r\n")
        assert (await callers[2].rest())[0] == b""
        assert stage.metrics.refused_connections.labels("address").value == 1
        door.close()


async def test_one_organisation_has_only_so_many_and_is_told() -> None:
    async with (
        scripted(answering(OK)) as upstream,
        open_stage([upstream.url], limits=TWO_AN_ORGANISATION) as stage,
        AsyncExitStack() as stack,
    ):
        callers = [await stack.enter_async_context(raw_caller(stage.port)) for _ in range(4)]
        assert [await _status(caller) for caller in callers[:2]] == [b"200", b"200"]
        callers[2].post()
        head, body = await callers[2].answer()
        assert head.startswith(b"HTTP/1.1 429 ")
        assert b"connection: close\r\n" in head
        assert b"limit_exceeded" in body
        assert b"connections" in body
        assert await _status(callers[3], token="beta") == b"200"
        assert await _status(callers[0]) == b"200", "who is inside stays inside"
        assert stage.metrics.refused_connections.labels("organisation").value == 1
        assert stage.metrics.denied_requests.labels("other", "limit_exceeded", "acme").value == 1


async def test_waiting_requests_of_organisations_take_turns_at_the_upstream() -> None:
    """One connection to the upstream; the flood came first, and the other waits for one of its requests, not for all."""
    served: list[bytes] = []
    go = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(20)
            served.append(next(line for line in head.split(b"\r\n") if line.startswith(b"x-who: ")).removeprefix(b"x-who: "))
            await go.wait()
            writer.write(OK)

    async with scripted(slow) as upstream, open_stage([upstream.url], max_connections=1) as stage, AsyncExitStack() as stack:
        flood = [await stack.enter_async_context(raw_caller(stage.port)) for _ in range(10)]
        for caller in flood:
            caller.post(extra=b"x-who: flood\r\n")
        await eventually(lambda: stage.gate.upstreams["api"].waiting == 9, "the flood waits")
        other = await stack.enter_async_context(raw_caller(stage.port))
        other.post(token="beta", extra=b"x-who: other\r\n")
        await eventually(lambda: stage.gate.upstreams["api"].waiting == 10, "all wait")
        go.set()
        assert (await other.head()).startswith(b"HTTP/1.1 200")
        for caller in flood:
            await caller.head()
    assert served.index(b"other") <= 2
    assert len(served) == 11


async def _status(caller: RawCaller, token: str = "acme") -> bytes:
    caller.post(token=token)
    return (await caller.answer())[0].split(b" ")[1]
