"""A caller that does not read: the cut of its stream is done when its last bytes have left this process, and not before."""

import asyncio
import socket

from msgspec import structs
from support.house import open_stage
from support.wire_ends import SSE_HEAD, chunk, eventually, read_request, scripted

from gateway.proxy.listener import Connection

EVENT = b"data: " + b"x" * 1000 + b"\n\n"
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\n"
    b'content-type: application/json\r\ncontent-length: 20\r\n\r\n{"model":"frontier"}'
)


async def test_bytes_that_wait_for_their_reader_keep_the_sweep_open() -> None:
    wanted: asyncio.Queue[bool] = asyncio.Queue()

    async def on_demand(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(SSE_HEAD)
        while await wanted.get():
            writer.write(chunk(EVENT))
            await writer.drain()

    async with scripted(on_demand) as upstream, open_stage([upstream.url]) as stage:
        loop = asyncio.get_running_loop()
        with socket.socket() as caller:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            caller.settimeout(0)
            await loop.sock_connect(caller, ("127.0.0.1", stage.port))
            await loop.sock_sendall(caller, REQUEST)
            await eventually(lambda: len(stage.gate.leases) == 1, "the stream runs")
            (connection,) = stage.gate.doors.connections
            connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            relay = connection.relay
            assert relay is not None
            while not await stuck(connection):
                sent = relay.bytes_sent
                wanted.put_nowait(item=True)
                await eventually(lambda sent=sent: relay.bytes_sent > sent, "one more event")  # type: ignore[misc]
            swept = stage.metrics.revocation_seconds
            stage.publish(structs.replace(stage.policy.snapshot, grants={}, revision=2))
            assert len(stage.gate.leases) == 0
            assert relay.leaving
            assert await stuck(connection)
            assert swept.count == 0
            text = b""
            while part := await asyncio.wait_for(loop.sock_recv(caller, 65536), 5):
                text += part
            assert b"org_not_approved" in text
            await eventually(lambda: swept.count == 1, "the sweep is done")
            await eventually(lambda: not relay.leaving, "nothing is left")
            wanted.put_nowait(item=False)


async def stuck(connection: Connection) -> bool:
    """Whether bytes wait, and still do after many turns of the loop."""
    later = asyncio.get_running_loop().time() + 0.1
    size = connection.transport.get_write_buffer_size
    await eventually(lambda: not size() or asyncio.get_running_loop().time() > later, "nothing waits, or a while has passed")
    return size() > 0
