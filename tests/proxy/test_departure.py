"""An answer that is whole and has not left: its lease is held until it has, and a cut drops what waits for its reader."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from support.house import Stage, open_stage, policy
from support.sockets import NONCE, TARGET, speaking
from support.unread import REQUEST, rest_of, unread_caller
from support.wire_ends import OK, SSE_HEAD, Script, answering, chunk, eventually, raw_caller, read_request, scripted

from gateway.entrance import Entrance
from gateway.policy.snapshot import Grant
from gateway.proxy.departure import IN_SOCKET, unsent
from gateway.settings.shape import Limits, ProxyListener
from gateway.wire.websocket import Frame, Opcode, close, encode

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what waits in a socket")

WITHOUT_ACME = policy(frontier={"beta": Grant()}, revision=2)
SIZE = 400_000
BODY = b"x" * SIZE
ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (SIZE, BODY),
    "chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(BODY) + b"0\r\n\r\n",
    "events": SSE_HEAD + chunk(b"data: " + BODY + b"\n\n") + chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n",
    "in one read": b"HTTP/1.1 200 OK\r\ncontent-length: 40000\r\n\r\n" + BODY[:40000],
}


@asynccontextmanager
async def answered(script: Script, limits: Limits | None = None) -> AsyncIterator[Stage]:
    """Open a stage whose upstream plays `script`."""
    async with scripted(script) as upstream, open_stage([upstream.url], limits=limits) as stage:
        yield stage


def complete(stage: Stage) -> Callable[[], bool]:
    """Whether the upstream has done its part."""
    return lambda: stage.gate.upstreams["api"].idle == 1


async def ask(caller: socket.socket, times: int = 1) -> None:
    """Send a request, or several in a row."""
    await asyncio.get_running_loop().sock_sendall(caller, REQUEST * times)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_what_a_caller_has_not_taken_when_its_permission_ends_it_does_not_get(answer: bytes) -> None:
    async with answered(answering(answer)) as stage, unread_caller(stage.port) as caller:
        await ask(caller)
        await eventually(complete(stage), "the answer is whole")
        stage.publish(WITHOUT_ACME)
        text, reset = await rest_of(caller)
        assert reset
        assert len(text) < len(answer) // 2
        assert stage.metrics.streams_cut.labels("frontier", "org_not_approved").value == 1


async def test_nor_many_short_answers_that_it_left_unread() -> None:
    short = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + BODY[:1000]
    async with answered(answering(short)) as stage, unread_caller(stage.port) as caller:
        await ask(caller, times=60)
        await eventually(lambda: len(stage.gate.leases) == 1, "one of them waits for its reader")
        await eventually(complete(stage), "no other is asked for")
        stage.publish(WITHOUT_ACME)
        text, reset = await rest_of(caller)
        assert reset
        assert text.count(b"HTTP/1.1 200") < 30


async def test_a_socket_takes_little_ahead_of_what_it_sends_for_a_process_that_is_stopped_cannot_take_it_back() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        while True:
            writer.write(BODY)
            await writer.drain()

    async with answered(flood) as stage:
        entrance = Entrance(stage.gate, ProxyListener(address="127.0.0.1:0"), shared=False)
        await entrance.open()
        async with unread_caller(entrance.port) as caller:
            await ask(caller)
            await eventually(lambda: any(each.writing_paused for each in stage.gate.doors.connections), "the caller is behind")
            (connection,) = stage.gate.doors.connections
            assert unsent(connection.transport) - connection.transport.get_write_buffer_size() < 4 * IN_SOCKET
        entrance.close()


async def test_whoever_reads_gets_all_of_it_and_is_served_again() -> None:
    answer = ANSWERS["length"]
    async with answered(answering(answer)) as stage, raw_caller(stage.port) as caller:
        for _ in range(3):
            caller.post()
            _, body = await caller.answer()
            assert body == BODY
        await eventually(lambda: len(stage.gate.leases) == 0, "no lease is left")


async def test_a_request_that_came_meanwhile_is_served_when_the_answer_before_it_has_left() -> None:
    async with answered(answering(ANSWERS["length"], OK)) as stage, unread_caller(stage.port) as caller:
        await ask(caller, times=2)
        await eventually(complete(stage), "the first answer is whole")
        assert len(stage.gate.leases) == 1
        text = b""
        while not text.endswith(b"{}"):
            text += await asyncio.wait_for(asyncio.get_running_loop().sock_recv(caller, 65536), 10)
        assert text.count(b"HTTP/1.1 200") == 2
        await eventually(lambda: len(stage.gate.leases) == 0, "no lease is left")


async def test_who_leaves_with_the_whole_answer_has_not_aborted_it() -> None:
    async with answered(answering(ANSWERS["length"])) as stage:
        async with raw_caller(stage.port) as caller:
            caller.post()
            await caller.answer()
        await eventually(lambda: not stage.gate.doors.connections, "the caller is gone")
        assert len(stage.gate.leases) == 0
        assert stage.metrics.client_aborts.value == 0


async def test_who_takes_nothing_of_it_for_too_long_is_broken_off() -> None:
    async with answered(answering(ANSWERS["length"]), Limits(write_timeout=0.2)) as stage, unread_caller(stage.port) as caller:
        await ask(caller)
        await eventually(complete(stage), "the answer is whole")
        await eventually(lambda: not stage.gate.doors.connections, "it is broken off")
        assert len(stage.gate.leases) == 0


async def test_what_has_not_left_after_the_drain_time_is_broken_off_for_nobody_could_take_it_back_later() -> None:
    async with answered(answering(ANSWERS["events"])) as stage, unread_caller(stage.port) as caller:
        await ask(caller)
        await eventually(complete(stage), "the answer is whole")
        await stage.gate.doors.drain(0.05)
        assert len(stage.gate.leases) == 0
        assert (await rest_of(caller))[1]


HANDSHAKE = (
    b"GET %b HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: %b\r\n\r\n" % (TARGET, NONCE)
)


async def farewell(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say much, and goodbye."""
    writer.write(encode(Frame(Opcode.BINARY, BODY)) + encode(close(1000, "all said")))
    await writer.drain()


async def test_nor_what_a_websocket_had_said_before_its_upstream_closed_it() -> None:
    async with answered(speaking(farewell)) as stage, unread_caller(stage.port) as caller:
        await asyncio.get_running_loop().sock_sendall(caller, HANDSHAKE)
        await eventually(lambda: b'"ending":"complete"' in stage.notebook.lines[-1:][0] if stage.notebook.lines else False, "it has closed")
        stage.publish(WITHOUT_ACME)
        text, reset = await rest_of(caller)
        assert reset
        assert len(text) < SIZE // 2
        assert stage.metrics.streams_cut.labels("frontier", "org_not_approved").value == 1
        assert len(stage.gate.leases) == 0


async def test_a_websocket_whose_caller_reads_in_the_end_gets_all_of_it_and_the_close() -> None:
    async with answered(speaking(farewell)) as stage, unread_caller(stage.port) as caller:
        await asyncio.get_running_loop().sock_sendall(caller, HANDSHAKE)
        await eventually(lambda: len(stage.notebook.lines) > 1, "it has closed")
        assert len(stage.gate.leases) == 1
        text, reset = await rest_of(caller)
        assert not reset
        assert text.endswith(b"all said")
        await eventually(lambda: len(stage.gate.leases) == 0, "no lease is left")
        await eventually(lambda: not stage.gate.doors.connections, "nor the connection")
        assert [b'"ending"' in line for line in stage.notebook.lines].count(True) == 1
