"""WebSockets by hand on both ends: an upstream that plays a script after its handshake, a caller that writes what frames it likes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.wire_ends import DEADLINE, RawCaller, Script, raw_caller, read_request

from gateway.wire.handshake import accept_of
from gateway.wire.websocket import Frame, Opcode, encode, mask

KEY = b"\x37\xfa\x21\x3d"
TARGET = b"/v1/realtime?model=frontier"
NONCE = b"dGhlIHNhbXBsZSBub25jZQ=="


def shake(request: bytes, extra: bytes = b"") -> bytes:
    """Answer the handshake that `request` asks for; `extra` are more lines, each ended."""
    fields = {name.lower(): value for name, _, value in (line.partition(b": ") for line in request.split(b"\r\n"))}
    plain = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    return plain + b"sec-websocket-accept: %b\r\n%b\r\n" % (accept_of(fields[b"sec-websocket-key"]), extra)


def speaking(script: Script, extra: bytes = b"") -> Script:
    """Make an upstream that plays `script` once the connection is a WebSocket."""

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(shake(await read_request(reader), extra))
        await script(reader, writer)

    return whole


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """Read one frame, masked or not; raises IncompleteReadError at the end."""
    async with asyncio.timeout(DEADLINE):
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        key = await reader.readexactly(4) if second & 0x80 else b""
        payload = await reader.readexactly(size)
    return Frame(first & 0x0F, mask(payload, key) if key else payload, bool(first & 0x80))


def text(payload: bytes, *, final: bool = True) -> Frame:
    """Make a text frame."""
    return Frame(Opcode.TEXT, payload, final)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send every frame back as it came, and end after a close frame."""
    while True:
        frame = await read_frame(reader)
        writer.write(encode(frame))
        await writer.drain()
        if frame.opcode == Opcode.CLOSE:
            return


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Say nothing."""
    await reader.read()


async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say a lot, for ever."""
    while True:
        writer.write(encode(Frame(Opcode.BINARY, bytes(65_536))))
        await writer.drain()


class SocketCaller:
    """A caller whose connection is, or is to be, a WebSocket."""

    def __init__(self, raw: RawCaller) -> None:
        self.raw = raw

    def ask(self, target: bytes = TARGET, *, token: bytes = b"acme", extra: bytes = b"", plain: bytes = b"") -> None:
        """Send the handshake; `plain` replaces all of its fields but host and credential, `extra` adds to them."""
        fields = plain or (
            b"connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: %b\r\n"
            b"sec-websocket-extensions: permessage-deflate\r\n" % NONCE
        )
        credential = b"authorization: Bearer %b\r\n" % token if token else b""
        self.raw.send(b"GET %b HTTP/1.1\r\nhost: gate\r\n%b%b%b\r\n" % (target, credential, fields, extra))

    def say(self, *frames: Frame) -> None:
        """Write frames, masked."""
        self.raw.send(b"".join(encode(frame, KEY) for frame in frames))

    async def hear(self) -> Frame:
        """Read the next frame."""
        return await read_frame(self.raw.reader)

    async def hear_close(self) -> tuple[int, str]:
        """Read up to the close frame, and give its code and reason; nothing but the end may follow, and whoever is told so leaves."""
        while (frame := await self.hear()).opcode != Opcode.CLOSE:
            pass
        if self.raw.writer.can_write_eof() and not self.raw.writer.is_closing():
            self.raw.writer.write_eof()
        rest, _ = await self.raw.rest()
        assert rest == b""
        return int.from_bytes(frame.payload[:2], "big"), frame.payload[2:].decode()


@asynccontextmanager
async def socket_caller(port: int) -> AsyncIterator[SocketCaller]:
    """Connect to the gate, without a handshake yet."""
    async with raw_caller(port) as raw:
        yield SocketCaller(raw)


@asynccontextmanager
async def talking(port: int, target: bytes = TARGET, token: bytes = b"acme") -> AsyncIterator[SocketCaller]:
    """Connect to the gate, and be upgraded."""
    async with socket_caller(port) as caller:
        caller.ask(target, token=token)
        head = await caller.raw.head()
        assert head.startswith(b"HTTP/1.1 101 "), head
        yield caller
