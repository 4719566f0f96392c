"""One connection of the gateway under test to the recording upstream: takes whatever comes, and answers it."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final, Protocol

from gateway.probe import answers
from gateway.probe.arrival import Arrival
from gateway.probe.frames import CLOSE, PING, PONG, TEXT, frame, take
from gateway.probe.lenient import END_OF_HEAD, is_chunked, length_of, read_head, unchunked

PACE: Final = 0.02
MOST_EVENTS: Final = 3000
PATIENCE: Final = 20.0
LARGEST: Final = 64 * 1024 * 1024
GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Memory(Protocol):
    """What is kept of all connections."""

    arrivals: list[Arrival]
    failing: bool
    running: int


class Conversation:
    """One connection of the gateway."""

    def __init__(self, memory: Memory, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, models: Sequence[str]) -> None:
        self._memory = memory
        self._reader = reader
        self._writer = writer
        self._models = models
        self._data = b""

    def __repr__(self) -> str:
        return f"<Conversation {len(self._data)} bytes unread>"

    async def hold(self) -> None:
        """Take requests one after the other until the gateway leaves."""
        while (arrival := await self._request()) is not None:
            self._memory.arrivals.append(arrival)
            if b"websocket" in arrival.header(b"upgrade").lower():
                if arrival.header(b"sec-websocket-version") == b"13":
                    await self._talk(arrival)
                    return
                self._writer.write(b"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n")
                continue
            await self._answer(arrival)
            if arrival.oddities:
                return  # what follows has no certain meaning; what came is remembered

    async def _request(self) -> Arrival | None:
        self._data = self._data.lstrip(b"\r\n")
        while (end := END_OF_HEAD.search(self._data)) is None:
            if not await self._more():
                return read_head(self._data) if self._data.strip() else None
        arrival = read_head(self._data[: end.end()])
        rest = self._data[end.end() :]
        if is_chunked(arrival.headers):
            while (found := unchunked(rest)) is None and await self._more():
                rest = self._data[end.end() :]
            arrival.body, used, trailers = found or (rest, len(rest), ())
            arrival.headers += trailers
            if "content-length beside transfer-encoding" in arrival.oddities:
                arrival.body, used = rest, len(rest)  # both readings are in all of it
        else:
            used = length_of(arrival.headers)
            while len(rest) < used and await self._more():
                rest = self._data[end.end() :]
            arrival.body = rest[:used]
        self._data = rest[used:]
        return arrival

    async def _more(self) -> bool:
        async with asyncio.timeout(PATIENCE):
            part = await self._reader.read(1 << 16)
        self._data += part
        return bool(part) and len(self._data) < LARGEST

    async def _answer(self, arrival: Arrival) -> None:
        path, body = arrival.target.decode("latin-1").partition("?")[0], answers.body_of(arrival.body)
        if self._memory.failing:
            self._write(b"500 Internal Server Error", {"error": {"message": "the probe's upstream fails", "type": "server_error"}})
        elif body.get("stream") is True:
            await self._stream(path, body)
        elif arrival.method == b"GET":
            self._write(b"200 OK", answers.catalogue(self._models))
        else:
            self._write(b"200 OK", answers.whole(path, body))
        await self._writer.drain()

    def _write(self, status: bytes, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self._writer.write(b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))

    async def _stream(self, path: str, body: dict[str, Any]) -> None:
        self._writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        gone = asyncio.ensure_future(self._reader.read(1))
        self._memory.running += 1
        try:
            for number in range(MOST_EVENTS if answers.runs_on(body) else 3):
                event = answers.event(path, body, number)
                self._writer.write(b"%x\r\n%b\r\n" % (len(event), event))
                await self._writer.drain()
                if gone in (await asyncio.wait((gone,), timeout=PACE))[0] and not self._goes_on(gone.result()):
                    raise ConnectionResetError
            end = b"data: [DONE]\n\n"
            self._writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(end), end))
        finally:
            self._memory.running -= 1
            gone.cancel()
            await asyncio.wait((gone,))

    def _goes_on(self, more: bytes) -> bool:
        """Whether the gateway is still there; what it said early is kept."""
        self._data += more
        return bool(more)

    async def _talk(self, arrival: Arrival) -> None:
        key = arrival.header(b"sec-websocket-key")
        accept = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
        offered = arrival.header(b"sec-websocket-protocol").partition(b",")[0].strip()
        chosen = b"Sec-WebSocket-Protocol: %b\r\n" % offered if offered else b""
        self._writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n%b\r\n"
            % (accept, chosen)
        )
        self._say("session.created", session={"id": "probe", "type": "realtime"})
        self._memory.running += 1
        try:
            while not self._hear(arrival) and await self._more():
                pass
        finally:
            self._memory.running -= 1

    def _hear(self, arrival: Arrival) -> bool:
        """Take the frames that are whole, also behind a close frame; say whether there was one."""
        closed = False
        while (found := take(self._data)) is not None:
            opcode, payload, used = found
            self._data = self._data[used:]
            if opcode == CLOSE:
                self._writer.write(frame(payload, CLOSE, masked=False))
                closed = True
            elif opcode not in {PING, PONG}:
                arrival.frames.append(payload)
                self._say("probe.heard", size=len(payload))
        return closed

    def _say(self, kind: str, **rest: object) -> None:
        self._writer.write(frame(json.dumps({"type": kind, "event_id": "probe"} | rest).encode(), TEXT, masked=False))
