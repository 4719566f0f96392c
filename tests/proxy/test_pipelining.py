"""Many requests on one connection at once: served one by one, kept in bounds, and no faster than their answers are taken."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.house import Stage, open_stage
from support.wire_ends import OK, answering, eventually, raw_caller, read_request, scripted

from gateway.proxy.arrival import PIPELINED
from gateway.proxy.listener import Connection
from gateway.settings.shape import Limits

NOTHING = b"GET /nothing HTTP/1.1\r\nhost: gate\r\n\r\n"


@asynccontextmanager
async def narrow_caller(stage: Stage) -> AsyncIterator[tuple[socket.socket, Connection]]:
    """A caller whose socket takes little; and the gate's side of it, which has little room too."""
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.settimeout(0)
        await asyncio.get_running_loop().sock_connect(caller, ("127.0.0.1", stage.port))
        await eventually(lambda: bool(stage.gate.doors.connections), "the connection is there")
        (connection,) = stage.gate.doors.connections
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        yield caller, connection


async def full(stage: Stage, caller: socket.socket, connection: Connection) -> None:
    """Send requests until the gate serves no more of them."""
    loop = asyncio.get_running_loop()
    for _ in range(1000):
        served = len(stage.notebook.lines) + PIPELINED // 2
        await loop.sock_sendall(caller, NOTHING * (PIPELINED // 2))
        await eventually(lambda served=served: len(stage.notebook.lines) >= served or connection.writing_paused, "served or paused")  # type: ignore[misc]
        if connection.writing_paused:
            return
    raise AssertionError("it serves for ever")


async def test_answers_that_are_not_taken_stop_the_serving() -> None:
    async with open_stage(["http://127.0.0.1:1"]) as stage, narrow_caller(stage) as (caller, connection):
        await full(stage, caller, connection)
        served, loop = len(stage.notebook.lines), asyncio.get_running_loop()
        await loop.sock_sendall(caller, NOTHING * 10)
        assert connection.transport.get_write_buffer_size() < 2 * stage.gate.limits.buffer
        assert connection.deadline <= stage.gate.now() + stage.gate.limits.write_timeout
        while len(stage.notebook.lines) < served + 10:
            assert await asyncio.wait_for(loop.sock_recv(caller, 65536), 5), "who takes them is served on"


async def test_who_never_takes_the_last_answer_is_broken_off() -> None:
    async with open_stage(["http://127.0.0.1:1"], limits=Limits(write_timeout=0.2)) as stage, narrow_caller(stage) as (caller, connection):
        last = NOTHING.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
        await asyncio.get_running_loop().sock_sendall(caller, NOTHING * (PIPELINED // 2) + last)
        await eventually(connection.transport.is_closing, "the last answer is written")
        assert connection.transport.get_write_buffer_size() > 0
        assert not connection.writing_paused
        await eventually(lambda: not stage.gate.doors.connections, "the connection is gone")


async def test_no_more_wait_than_the_limit_and_the_last_says_close() -> None:
    let_go = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await let_go.wait()
        writer.write(OK)
        await writer.drain()

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        caller.send(NOTHING * 3 * PIPELINED)
        await eventually(lambda: len(upstream.requests) == 1, "the first is served")
        let_go.set()
        text, reset = await caller.rest()
        assert not reset
        assert text.count(b"HTTP/1.1 403 ") in range(PIPELINED - 1, PIPELINED + 1)
        assert text.count(b"connection: close\r\n") == 1


async def test_as_many_as_the_limit_are_all_answered() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.send(NOTHING * PIPELINED)
        for _ in range(PIPELINED):
            assert (await caller.answer())[0].startswith(b"HTTP/1.1 403 ")
        caller.post()
        assert (await caller.answer())[0].startswith(b"HTTP/1.1 200 ")


async def test_a_body_in_tiny_chunks_without_end_is_refused() -> None:
    async with open_stage(["http://127.0.0.1:1"]) as stage, raw_caller(stage.port) as caller:
        caller.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\ntransfer-encoding: chunked\r\n\r\n")
        caller.send(b"2\r\nab\r\n" * 40_000)
        head, text = await caller.answer()
        assert head.startswith(b"HTTP/1.1 400 ")
        assert b"tiny chunks" in text
