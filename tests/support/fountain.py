"""An upstream that never runs dry: every stream gets an event at every beat until its reader leaves, every other request a short answer.

The body's `user` says on whose behalf it was asked (credentials do not come through the gate): `reached` counts those that did.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from support.ledger import Key
from support.wire_ends import OK, SSE_HEAD, chunk

EVENT = chunk(b'data: {"choices":[{"index":0,"delta":{"content":"gate"}}]}\n\n')
SOUND_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n"
SOUND = chunk(bytes(64))
MOST_WAITING = 65536


class Fountain:
    """`pace`: seconds between two beats. `streams` are the transports that get them."""

    def __init__(self, pace: float) -> None:
        self.pace = pace
        self.reached: Counter[Key] = Counter()
        self.streams: dict[asyncio.Transport, bytes] = {}
        self.url = ""

    def __repr__(self) -> str:
        return f"<Fountain {self.url} {len(self.streams)} streams>"

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await asyncio.sleep(self.pace)
            for transport, drop in list(self.streams.items()):
                if transport.get_write_buffer_size() < MOST_WAITING:
                    transport.write(drop)


class _Conversation(asyncio.Protocol):
    def __init__(self, fountain: Fountain) -> None:
        self._fountain = fountain
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        if found and len(body) >= length:
            self._received = body[length:]
            self._answer(head.split(b" ", 2)[1], json.loads(body[:length]))

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._fountain.streams.pop(self._transport, None)

    def _answer(self, target: bytes, body: dict[str, Any]) -> None:
        self._fountain.reached[body.get("user", ""), body["model"]] += 1
        if target.endswith(b"/speech"):
            self._stream(SOUND_HEAD, SOUND)
        elif body.get("stream"):
            self._stream(SSE_HEAD, EVENT)
        else:
            self._transport.write(OK)

    def _stream(self, head: bytes, drop: bytes) -> None:
        self._transport.write(head + drop)
        self._fountain.streams[self._transport] = drop


@asynccontextmanager
async def flowing(pace: float = 0.02) -> AsyncIterator[Fountain]:
    """Start a fountain on loopback."""
    loop = asyncio.get_running_loop()
    fountain = Fountain(pace)
    server = await loop.create_server(lambda: _Conversation(fountain), "127.0.0.1", 0)
    fountain.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    beating = loop.create_task(fountain.run())
    try:
        yield fountain
    finally:
        beating.cancel()
        server.close()
