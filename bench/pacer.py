"""The upstream of streams, a program: `python -m bench.pacer PORT`. The request's JSON says how many events a second (`pace`) it wants.

Streams never end by themselves. They are spread evenly over the interval, so that the server sees events one by one and not in bursts.
"""

import asyncio
import json
import sys
from typing import Final, cast

import uvloop

EVENT: Final = b'data: {"id":"chatcmpl-8f14e45f","object":"chat.completion.chunk","created":1793491200,"model":"bench",\
"choices":[{"index":0,"delta":{"content":" gate"},"finish_reason":null}]}\n\n'
CHUNK: Final = b"%x\r\n%b\r\n" % (len(EVENT), EVENT)
HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)
SLOT: Final = 0.002
"""Seconds between two turns of a rhythm: the grain in which streams are spread."""


class Rhythm:
    """All streams of one pace. Each is in one slot; each turn writes one event to every stream of the next slot."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pace: float) -> None:
        self._loop = loop
        count = max(1, round(1 / pace / SLOT))
        self._slots: list[set[asyncio.Transport]] = [set() for _ in range(count)]
        self._interval = 1 / pace / count
        self._turn = 0
        self._next = loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def join(self, transport: asyncio.Transport) -> set[asyncio.Transport]:
        """Add a stream to the emptiest slot; gives the slot, from which it is removed when its reader leaves."""
        slot = min(self._slots, key=len)
        slot.add(transport)
        if self._timer is None:
            self._next = self._loop.time()
            self._timer = self._loop.call_later(self._interval, self._beat)
        return slot

    def _beat(self) -> None:
        for transport in list(self._slots[self._turn]):
            transport.write(CHUNK)
        self._turn = (self._turn + 1) % len(self._slots)
        self._next = max(self._next + self._interval, self._loop.time() - 10 * self._interval)  # late turns are caught up, long lapses not
        self._timer = self._loop.call_later(max(0.0, self._next - self._loop.time()), self._beat) if any(self._slots) else None


class Stream(asyncio.Protocol):
    """One connection: reads a request of known length, then streams until its reader leaves."""

    rhythms: Final[dict[float, Rhythm]] = {}

    def __init__(self) -> None:
        self._received = b""
        self._slot: set[asyncio.Transport] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A server has connected."""
        self._transport = cast("asyncio.Transport", transport)  # TCP's; uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Collect the request; answer it when it is whole."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and self._slot is None:
            length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
            if len(body) >= length:
                self._received = b""
                self._begin(float(json.loads(body[:length])["pace"]))

    def connection_lost(self, exc: Exception | None) -> None:
        """The reader has left."""
        del exc
        if self._slot is not None:
            self._slot.discard(self._transport)

    def _begin(self, pace: float) -> None:
        self._transport.write(HEAD + CHUNK)
        rhythm = self.rhythms.get(pace)
        if rhythm is None:
            rhythm = self.rhythms[pace] = Rhythm(asyncio.get_running_loop(), pace)
        self._slot = rhythm.join(self._transport)


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Stream, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
