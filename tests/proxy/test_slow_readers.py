"""A caller that does not read: what waits for it in this host is dropped when its stream is cut, and the sweep is done at once."""

import asyncio
import socket
import sys

import pytest
from msgspec import structs
from support.house import open_stage
from support.unread import REQUEST, rest_of, unread_caller
from support.wire_ends import SSE_HEAD, chunk, eventually, read_request, scripted

from gateway.proxy.departure import STILL_LEAVING, unsent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what waits in a socket")

EVENT = b"data: " + b"x" * 1000 + b"\n\n"


async def test_what_waits_for_its_reader_never_reaches_it() -> None:
    wanted: asyncio.Queue[bool] = asyncio.Queue()

    async def on_demand(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(SSE_HEAD)
        while await wanted.get():
            writer.write(chunk(EVENT))
            await writer.drain()

    async with scripted(on_demand) as upstream, open_stage([upstream.url]) as stage, unread_caller(stage.port) as caller:
        await asyncio.get_running_loop().sock_sendall(caller, REQUEST)
        await eventually(lambda: len(stage.gate.leases) == 1, "the stream runs")
        (connection,) = stage.gate.doors.connections
        relay = connection.relay
        assert relay is not None
        while unsent(connection.transport) <= 4 * STILL_LEAVING:
            sent = relay.bytes_sent
            wanted.put_nowait(item=True)
            await eventually(lambda sent=sent: relay.bytes_sent > sent, "one more event")  # type: ignore[misc]
        assert connection.transport.get_write_buffer_size() == 0, "all of it is in the kernel"
        stage.publish(structs.replace(stage.policy.snapshot, grants={}, revision=2))
        swept = stage.metrics.revocation_seconds
        await eventually(lambda: swept.count == 1, "the sweep is done")
        text, reset = await rest_of(caller)
        assert reset
        assert len(text) <= caller.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), "no more than had reached it"
        wanted.put_nowait(item=False)
