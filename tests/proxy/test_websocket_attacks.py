"""Frames that are meant to harm: none of a wrong message arrives at the upstream, both sides end, what is held stays small."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec import Struct
from support.house import Stage, open_stage
from support.sockets import KEY, SocketCaller, speaking, talking, text
from support.wire_ends import DEADLINE, ScriptedUpstream, eventually, scripted

from gateway.settings.shape import Limits
from gateway.wire.frame_reader import FrameReader
from gateway.wire.websocket import Frame, Opcode, close, encode

LARGEST = 1000
EVENT = b'{"type":"response.create"}'
BEFORE = b'{"type":"before"}'
GRUESSE = "grüße".encode()


class Attack(Struct):
    """A caller on an open WebSocket, and every byte that went past the gate."""

    stage: Stage
    upstream: ScriptedUpstream
    caller: SocketCaller
    passed: bytearray

    def frames(self) -> list[Frame]:
        """What arrived, as frames; it always is whole ones."""
        reader = FrameReader(masked=True, largest=1 << 20)
        found = reader.feed(bytes(self.passed))
        assert reader.violation is None
        assert reader.ended or not reader.waiting
        return found


@asynccontextmanager
async def attack() -> AsyncIterator[Attack]:
    passed = bytearray()

    async def record(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(65536):
            passed.extend(part)

    async with (
        scripted(speaking(record)) as upstream,
        open_stage([upstream.url], limits=Limits(message=LARGEST)) as stage,
        talking(stage.port) as caller,
    ):
        yield Attack(stage, upstream, caller, passed)


def sent(opcode: int, payload: bytes, *, first: int = 0x80) -> bytes:
    """A masked frame, whatever its first byte."""
    whole = encode(Frame(opcode, payload), KEY)
    return bytes((first | opcode,)) + whole[1:]


WRONG = {
    "RSV1 on text: compressed though nothing was agreed on": (sent(1, EVENT, first=0xC0), 1002),
    "RSV1 on a continuation": (sent(1, EVENT[:5], first=0x00) + sent(0, EVENT[5:], first=0xC0), 1002),
    "RSV2": (sent(2, b"x", first=0xA0), 1002),
    "RSV3": (sent(2, b"x", first=0x90), 1002),
    "RSV1 on a ping": (sent(9, b"", first=0xC0), 1002),
    **{f"opcode {code}": (sent(code, b""), 1002) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "not masked": (encode(Frame(Opcode.BINARY, b"x")), 1002),
    "a ping that is not masked": (encode(Frame(Opcode.PING, b"x")), 1002),
    "a close that is not masked": (encode(close(1000, "")), 1002),
    "one masked, one not": (encode(text(EVENT), KEY) + encode(text(EVENT)), 1002),
    "a ping of 126 bytes": (sent(9, bytes(126)), 1002),
    "a close of 126 bytes": (sent(8, b"\x03\xe8" + b"x" * 124), 1002),
    "a ping of 64 KB": (b"\x89\xff" + (65536).to_bytes(8, "big") + KEY, 1002),
    "a fragmented ping": (sent(9, b"x", first=0), 1002),
    "a fragmented close": (sent(8, b"\x03\xe8", first=0), 1002),
    "a close of one byte": (sent(8, b"\x03"), 1002),
    "a close with a code of nobody": (sent(8, b"\x03\xed"), 1002),
    "a close whose text is not UTF-8": (sent(8, b"\x03\xe8\xff"), 1007),
    "text in text": (sent(1, EVENT[:5], first=0) + sent(1, EVENT), 1002),
    "binary in text": (sent(1, EVENT[:5], first=0) + sent(2, b"x"), 1002),
    "binary, which cannot be read": (sent(2, EVENT), 1003),
    "binary in fragments": (sent(2, b"x", first=0) + sent(0, EVENT), 1003),
    "a continuation of nothing": (sent(0, EVENT), 1002),
    "a continuation after the last": (sent(1, EVENT[:5], first=0) + sent(0, EVENT[5:]) + sent(0, EVENT), 1002),
    "a length in two bytes for none": (b"\x82\xfe\x00\x7d" + KEY + bytes(125), 1002),
    "a length in eight bytes for two": (b"\x82\xff" + (65535).to_bytes(8, "big") + KEY, 1002),
    "a length with its first bit": (b"\x82\xff\x80" + bytes(7) + KEY, 1002),
    "the longest length": (b"\x82\xff\x7f" + b"\xff" * 7 + KEY, 1009),
    "one byte more than may be": (sent(2, bytes(LARGEST + 1)), 1009),
    "fragments that are too much together": (sent(1, b'"' + b"x" * 600, first=0) + sent(0, b"x" * 600, first=0), 1009),
    "text that is not UTF-8": (sent(1, b'{"type":"\xff"}'), 1007),
    "an overlong slash": (sent(1, b'{"type":"\xc0\xaf"}'), 1007),
    "a surrogate": (sent(1, b'{"type":"\xed\xa0\x80"}'), 1007),
    "half a character at the end": (sent(1, b'"gr\xc3'), 1007),
    "half a character, then another": (sent(1, b'{"type":"gr\xc3', first=0) + sent(0, b'\xff"}'), 1007),
    "fragments that never make UTF-8, told before the last": (sent(1, b'"\xff', first=0), 1007),
    "no JSON": (sent(1, b"hello"), 1008),
    "two objects": (sent(1, EVENT + EVENT), 1008),
    "a byte order mark": (sent(1, b"\xef\xbb\xbf" + EVENT), 1008),
    "many brackets": (sent(1, b"[" * 900), 1008),
    "HTTP": (b"GET / HTTP/1.1\r\nhost: gate\r\n\r\n", 1002),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_ends_both_sides_and_does_not_pass(name: str) -> None:
    data, code = WRONG[name]
    async with attack() as on:
        on.caller.say(text(BEFORE))
        on.caller.raw.send(data)
        told, _ = await on.caller.hear_close()
        assert told == code
        await asyncio.wait_for(on.upstream.closed.wait(), DEADLINE)
        assert len(on.stage.gate.leases) == 0
        assert [frame for frame in on.frames() if frame.payload not in {BEFORE, EVENT, b"x"}] == []
        await eventually(lambda: not on.stage.gate.doors.connections, "nothing is left")


async def test_a_key_of_zeros_is_a_key() -> None:
    async with attack() as on:
        on.caller.raw.send(encode(text(EVENT), bytes(4)))
        await eventually(lambda: len(on.passed) == len(encode(text(EVENT), KEY)), "it passed")
        assert on.frames() == [text(EVENT)]
        assert bytes(on.passed[2:6]) != bytes(4)


async def test_a_character_in_two_fragments_is_text() -> None:
    message = b'{"type":"' + GRUESSE + b'"}'
    at = message.index(b"\xc3") + 1
    async with attack() as on:
        on.caller.say(text(message[:at], final=False), Frame(Opcode.CONTINUATION, message[at:]))
        await eventually(lambda: bool(on.passed), "it passed")
        assert on.frames() == [text(message)]


@pytest.mark.parametrize("end", [0, 1, 2, 5, 6, 20])
async def test_who_leaves_in_the_middle_of_a_frame_has_said_nothing(end: int) -> None:
    async with attack() as on:
        on.caller.raw.send(encode(text(EVENT), KEY)[:end])
        await on.caller.raw.writer.drain()
        on.caller.raw.writer.close()
        await asyncio.wait_for(on.upstream.closed.wait(), DEADLINE)
        assert on.frames() == []
        assert len(on.stage.gate.leases) == 0


async def test_who_closes_in_the_middle_of_a_message_has_not_said_it() -> None:
    async with attack() as on:
        on.caller.say(text(EVENT[:5], final=False), close(1000, "bye"))
        await eventually(lambda: bool(on.passed), "the close passed")
        assert on.frames() == [close(1000, "bye")]


async def test_what_follows_a_close_is_not_read() -> None:
    async with attack() as on:
        on.caller.say(close(1000, ""), text(EVENT), Frame(Opcode.BINARY, b"more"))
        await eventually(lambda: bool(on.passed), "the close passed")
        await asyncio.sleep(0)
        assert on.frames() == [close(1000, "")]


async def test_empty_fragments_without_end_are_not_kept() -> None:
    async with attack() as on:
        on.caller.say(text(b"", final=False))
        piece = encode(Frame(Opcode.CONTINUATION, b"", final=False), KEY) * 10_000
        for _ in range(20):
            on.caller.raw.send(piece)
            await on.caller.raw.writer.drain()
        on.caller.say(Frame(Opcode.PING, b"are you there"))
        await eventually(lambda: bool(on.passed), "the ping passed")
        (connection,) = on.stage.gate.doors.connections
        assert "held=0" in repr(connection.relay._flow._gathering)  # type: ignore[union-attr] # noqa: SLF001 - its face is what is asked for
        assert on.frames() == [Frame(Opcode.PING, b"are you there")]


async def test_pings_for_an_upstream_that_does_not_read_stop_the_reading_of_the_caller() -> None:
    async def deaf(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        _reader._transport.pause_reading()  # type: ignore[attr-defined] # noqa: SLF001 - so that nothing more is taken
        await done.wait()

    done = asyncio.Event()
    async with scripted(speaking(deaf)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        piece = encode(Frame(Opcode.PING, bytes(125)), KEY) * 1000
        stuck = False
        while not stuck:
            caller.raw.send(piece)
            try:
                async with asyncio.timeout(0.5):
                    await caller.raw.writer.drain()
            except TimeoutError:
                stuck = True
        (connection,) = stage.gate.doors.connections
        assert connection.relay._flow.api.transport.get_write_buffer_size() < 1 << 20  # type: ignore[union-attr] # noqa: SLF001 - the side that is full
        done.set()


async def test_an_extension_is_neither_passed_on_nor_agreed_to() -> None:
    async with attack() as on:
        (request,) = on.upstream.requests
        assert b"extensions" not in request.lower()
        on.caller.say(text(EVENT))
        await eventually(lambda: bool(on.passed), "it passed")
        assert on.frames() == [text(EVENT)]
