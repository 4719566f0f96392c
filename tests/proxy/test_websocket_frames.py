"""Frames in both directions: whole, unchanged, bounded; what breaks the rules ends the connection on both sides."""

import asyncio
from collections.abc import Callable

import pytest
from support.house import open_stage
from support.sockets import KEY, echo, flood, read_frame, silent, speaking, talking, text
from support.wire_ends import eventually, scripted

from gateway.settings.shape import Limits
from gateway.wire.websocket import Frame, Opcode, close, encode


async def test_frames_pass_both_ways_as_they_are() -> None:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        frames = [
            text(b'{"type":"input_audio_buffer.append","audio":"AAAA"}'),
            text('{"type":"grüße"}'.encode()),
            Frame(Opcode.PING, b"are you there"),
            Frame(Opcode.PONG, b""),
            text(b'{"audio":"' + b"A" * (3 << 20) + b'"}'),
        ]
        caller.say(*frames)
        assert [await caller.hear() for _ in frames] == frames
        assert upstream.connections == 1


async def test_what_is_binary_passes_from_the_upstream_as_it_is() -> None:
    frames = [
        Frame(Opcode.BINARY, bytes(range(256)) * 1000),
        Frame(Opcode.BINARY, b"first", final=False),
        Frame(Opcode.PING, b"are you there"),
        Frame(Opcode.CONTINUATION, b"", final=False),
        Frame(Opcode.CONTINUATION, b"last"),
    ]

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(map(encode, frames)))
        await reader.read()

    async with scripted(speaking(script)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        assert [await caller.hear() for _ in frames] == frames


async def test_a_text_message_in_fragments_goes_on_when_it_is_whole() -> None:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        caller.say(text(b'{"type":', final=False), Frame(Opcode.PING, b"between"))
        assert await caller.hear() == Frame(Opcode.PING, b"between")
        caller.say(Frame(Opcode.CONTINUATION, b'"x"}'))
        assert await caller.hear() == text(b'{"type":"x"}')


async def test_frames_in_single_bytes_are_read() -> None:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        for byte in encode(text(b'{"type":"slow"}'), KEY):
            caller.raw.send(bytes((byte,)))
            await caller.raw.writer.drain()
        assert await caller.hear() == text(b'{"type":"slow"}')


async def test_masks_are_made_afresh() -> None:
    seen = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            head = await reader.readexactly(6)
            seen.append(head[2:])
            await reader.readexactly(head[1] & 0x7F)
        writer.write(encode(text(b"done")))

    async with scripted(speaking(script)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        caller.say(text(b"{}"), text(b"{}"))
        await caller.hear()
    assert len({*seen, KEY}) == 3


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (encode(text(b"{}")), 1002),
        (b"\xc1\x82" + KEY + b"xx", 1002),
        (b"\x83\x80" + KEY, 1002),
        (encode(text(b"{", final=False), KEY) + encode(text(b"}"), KEY), 1002),
        (encode(Frame(Opcode.CONTINUATION, b"}"), KEY), 1002),
        (b"\x09\x80" + KEY, 1002),
        (b"\x81\xfe\x00\x02" + KEY + b"xx", 1002),
        (encode(close(1005, ""), KEY), 1002),
        (encode(text(b'{"a":"\xff"}'), KEY), 1007),
        (encode(Frame(Opcode.BINARY, bytes(1001)), KEY), 1009),
        (encode(text(b'{"a":"' + b"x" * 900, final=False), KEY) + encode(Frame(Opcode.CONTINUATION, b"x" * 900), KEY), 1009),
        (b"\x81\xff\x00\x00\x7f\xff\xff\xff\xff\xff" + KEY, 1009),
        (encode(text(b"no JSON"), KEY), 1008),
        (encode(Frame(Opcode.BINARY, b'{"session":{"model":"frontier"}}'), KEY), 1003),
        (encode(Frame(Opcode.BINARY, b"x", final=False), KEY), 1003),
    ],
    ids=[
        *("not masked", "RSV1", "opcode", "interleaved", "continues nothing", "fragmented ping", "long form", "code", "UTF-8"),
        *("large frame", "large message", "huge frame", "no JSON", "binary", "binary in fragments"),
    ],
)
async def test_what_breaks_the_rules_ends_the_connection(data: bytes, code: int) -> None:
    async with (
        scripted(speaking(silent)) as upstream,
        open_stage([upstream.url], limits=Limits(message=1000)) as stage,
        talking(stage.port) as caller,
    ):
        caller.raw.send(data)
        told, reason = await caller.hear_close()
        assert told == code
        assert len(stage.gate.leases) == 0
        assert "decision " in reason
        await asyncio.wait_for(upstream.closed.wait(), 5)
        assert b'"reasons":["malformed_request"]' in stage.notebook.lines[-1]


@pytest.mark.parametrize(
    "data",
    [
        encode(text(b"{}"), KEY),
        b"\xc1\x02{}",
        encode(text(b"\xff")),
        encode(Frame(Opcode.BINARY, bytes(1001))),
        b"HTTP/1.1 200 OK\r\n",
    ],
    ids=["masked", "RSV1", "UTF-8", "large", "HTTP"],
)
async def test_an_upstream_that_breaks_the_rules_is_a_broken_upstream(data: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(text(b"fine")) + data)
        await reader.read()

    async with (
        scripted(speaking(script)) as upstream,
        open_stage([upstream.url], limits=Limits(message=1000)) as stage,
        talking(stage.port) as caller,
    ):
        assert await caller.hear() == text(b"fine")
        assert (await caller.hear_close())[0] == 1011
        await asyncio.wait_for(upstream.closed.wait(), 5)
        assert b'"ending":"upstream_failed"' in stage.notebook.lines[-1]


async def test_a_slow_reader_holds_the_upstream_back() -> None:
    sent = 0
    piece = encode(Frame(Opcode.BINARY, bytes(65_536)))

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        del reader
        for _ in range(2000):
            writer.write(piece)
            await writer.drain()
            sent += 1
        writer.write(encode(close(1000, "that was all")))

    async with scripted(speaking(flood)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        connection = next(iter(stage.gate.doors.connections))
        await stands_still(lambda: sent)
        assert sent < 1000
        assert connection.transport.get_write_buffer_size() < 2 * 1024 * 1024
        heard = 0
        while (await caller.hear()).opcode == Opcode.BINARY:
            heard += 1
        assert heard == 2000


async def test_a_slow_upstream_holds_the_caller_back() -> None:
    go_on = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        for _ in range(1000):
            await read_frame(reader)
        writer.write(encode(text(b"done")))

    async with scripted(speaking(slow)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        written = 0

        async def flood() -> None:
            nonlocal written
            for _ in range(1000):
                caller.say(text(b'{"audio":"' + b"A" * 65_536 + b'"}'))
                await caller.raw.writer.drain()
                written += 1

        flooding = asyncio.create_task(flood())
        await stands_still(lambda: written)
        assert written < 1000
        go_on.set()
        await flooding
        assert await caller.hear() == text(b"done")


async def stands_still(count: Callable[[], int]) -> None:
    """Wait until a number has risen and then not changed for a while."""
    seen = -1
    while seen != count() or seen == 0:
        seen = count()
        await asyncio.sleep(0.1)


async def test_a_reader_that_never_reads_is_broken_off() -> None:
    async with scripted(speaking(flood)) as upstream, open_stage([upstream.url], limits=Limits(write_timeout=0.1)) as stage:
        async with talking(stage.port):
            await asyncio.wait_for(upstream.closed.wait(), 5)
            await eventually(lambda: not stage.gate.doors.connections, "the connection is gone")


async def test_a_message_that_never_ends_is_given_up() -> None:
    limits = Limits(body_timeout=0.1)
    async with scripted(speaking(silent)) as upstream, open_stage([upstream.url], limits=limits) as stage, talking(stage.port) as caller:
        caller.raw.send(encode(text(b'{"type":"x"}'), KEY)[:-1])
        assert (await caller.hear_close())[0] == 1008
