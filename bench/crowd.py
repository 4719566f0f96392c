"""The readers of streams: many connections in this process, each counting events and noting when it saw the last byte."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final, cast

from bench.problem import BenchError

AT_ONCE: Final = 200
OPEN_DEADLINE: Final = 60.0


class Reader(asyncio.Protocol):
    """One stream. Times are `time.monotonic()`; `ended_at` is 0 while the connection stands."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._half = False
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.head = b""
        self.tail = b""
        self.events = 0
        self.last_at = 0.0
        self.ended_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        self.transport = cast("asyncio.Transport", transport)  # TCP's; uvloop's is no subclass
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count the ends of events."""
        self.last_at = time.monotonic()
        if not self.head:
            self.head = data[:256]
        self.tail = data
        self.events += data.count(b"\n\n") + (self._half and data[:1] == b"\n")
        self._half = data[-1:] == b"\n" and data[-2:] != b"\n\n"
        if self.events and not self.begun.is_set():
            self.begun.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The stream is over."""
        del exc
        self.ended_at = time.monotonic()
        self.begun.set()
        self.ended.set()


class Crowd:
    """Readers of one server at `port`, all sending the same `request`."""

    def __init__(self, port: int, request: bytes) -> None:
        self._port = port
        self._request = request
        self.readers: list[Reader] = []

    def __repr__(self) -> str:
        return f"<Crowd of {len(self.readers)} on port {self._port}, {self.open} open>"

    @property
    def events(self) -> int:
        """Events seen by all of them."""
        return sum(reader.events for reader in self.readers)

    @property
    def open(self) -> int:
        """Streams that stand."""
        return sum(not reader.ended_at for reader in self.readers)

    async def gather(self, count: int) -> None:
        """Open `count` more streams and wait for the first event of each. Raises BenchError if one is refused."""
        async with asyncio.timeout(OPEN_DEADLINE):
            for begun in range(0, count, AT_ONCE):
                await self._open(min(AT_ONCE, count - begun))

    async def dismiss(self) -> None:
        """Leave all streams."""
        for reader in self.readers:
            if not reader.ended_at:
                reader.transport.abort()
        await asyncio.gather(*(reader.ended.wait() for reader in self.readers))
        self.readers.clear()

    async def _open(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        made = await asyncio.gather(*(loop.create_connection(lambda: Reader(self._request), "127.0.0.1", self._port) for _ in range(count)))
        fresh = [reader for _, reader in made]
        self.readers += fresh
        await asyncio.gather(*(reader.begun.wait() for reader in fresh))
        _check(fresh)


def _check(readers: Sequence[Reader]) -> None:
    for reader in readers:
        if not reader.head.startswith(b"HTTP/1.1 200 "):
            raise BenchError(f"a stream was refused: {reader.head[:80]!r} ... {reader.tail[-300:]!r}")
