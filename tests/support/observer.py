"""Watches a gate from outside: streams that log the arrival of every byte, and new requests all the time."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from support.checker import OK, Ending, ProbeLog, StreamLog
from support.ledger import Key

CHAT, SPEECH = "/v1/chat/completions", "/v1/audio/speech"
TAIL = 4096
PROBE_DEADLINE = 5.0
BREATH = 0.01
FIRST_ARRIVALS = 3
LAST_CHUNK = b"0\r\n\r\n"

Mint = Callable[[str], str]
"""Makes the token of an organisation."""


class StreamReader(asyncio.Protocol):
    """One stream; fills its log. `ended` is set when its connection is gone."""

    def __init__(self, log: StreamLog, request: bytes) -> None:
        self.log = log
        self.ended = asyncio.Event()
        self.transport: asyncio.Transport
        self._request = request
        self._tail = b""
        self._left = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.log.arrivals.append(time.monotonic())
        self._tail = (self._tail + data)[-TAIL:]
        if not self.log.status and b"\r\n" in self._tail:
            self.log.status = int(self._tail.split(b" ", 2)[1])

    def connection_lost(self, exc: Exception | None) -> None:
        log = self.log
        log.ended_at = time.monotonic()
        log.reason = reason_in(self._tail)
        log.ending = Ending.LEFT if self._left else self._ending(broken=exc is not None)
        self.ended.set()

    def leave(self) -> None:
        """Go away."""
        self._left = True
        self.transport.abort()

    def _ending(self, *, broken: bool) -> Ending:
        if self._tail.endswith(LAST_CHUNK):
            return Ending.CLEAN
        return Ending.TOLD if self.log.reason and not broken else Ending.BROKEN


class Observer:
    """Opens streams and probes at the gate's `url`, or at several gates in turn; `logs` of streams and `probes` grow."""

    def __init__(self, urls: Iterable[str], mint: Mint) -> None:
        self._doors = [(parts.hostname or "", parts.port or 80) for parts in map(urlsplit, urls)]
        self._mint = mint
        self._tokens: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.readers: list[StreamReader] = []
        self.probes: list[ProbeLog] = []

    def __repr__(self) -> str:
        return f"<Observer of {len(self.readers)} streams, {len(self.probes)} probes>"

    @property
    def logs(self) -> list[StreamLog]:
        """Every stream ever opened."""
        return [reader.log for reader in self.readers]

    async def stream(self, key: Key, path: str = CHAT, door: int = 0) -> StreamReader:
        """Ask for a stream; returns without waiting for its answer."""
        host, port = self._doors[door]
        request = self._request(key, path, b"connection: close\r\n", stream=True)
        _, reader = await asyncio.get_running_loop().create_connection(
            lambda: StreamReader(StreamLog(key, time.monotonic()), request), host, port
        )
        self.readers.append(reader)
        return reader

    def probe(self, key: Key, door: int = 0, pause: float = BREATH) -> None:
        """Ask again and again until the observer goes, with `pause` seconds in between."""
        task = asyncio.get_running_loop().create_task(self._probe(key, door, pause))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def last(self, organisation: str, model: str) -> int:
        """Status of the last answer to a probe, at whichever gate; 0: none yet."""
        return next((probe.status for probe in reversed(self.probes) if probe.key == (organisation, model)), 0)

    async def go(self) -> None:
        """Stop probing, leave every stream."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for reader in self.readers:
            if not reader.log.ended_at:
                reader.leave()
        await asyncio.gather(*(reader.ended.wait() for reader in self.readers))

    async def _probe(self, key: Key, door: int, pause: float) -> None:
        request = self._request(key, CHAT, b"", stream=False)
        while True:
            writer = None
            asked = time.monotonic()
            try:
                async with asyncio.timeout(PROBE_DEADLINE):
                    reader, writer = await asyncio.open_connection(*self._doors[door])
                while True:
                    asked = time.monotonic()
                    writer.write(request)
                    async with asyncio.timeout(PROBE_DEADLINE):
                        status, reason = await _answer(reader)
                    self.probes.append(ProbeLog(key, asked, time.monotonic(), status, reason, door))
                    await asyncio.sleep(pause)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                self.probes.append(ProbeLog(key, asked, time.monotonic(), 0, door=door))
                await asyncio.sleep(pause)
            finally:
                if writer is not None:
                    writer.transport.abort()

    def _request(self, key: Key, path: str, fields: bytes, *, stream: bool) -> bytes:
        organisation, model = key
        if organisation not in self._tokens:
            self._tokens[organisation] = self._mint(organisation)
        body = json.dumps({"model": model, "user": organisation, "stream": stream, "messages": []}).encode()
        fields += b"authorization: Bearer %b\r\ncontent-length: %d\r\n" % (self._tokens[organisation].encode(), len(body))
        return b"POST %b HTTP/1.1\r\nhost: gate\r\ncontent-type: application/json\r\n%b\r\n%b" % (path.encode(), fields, body)


def reason_in(text: bytes) -> str:
    """Read the reason out of a refusal or an error event, empty where there is none."""
    _, found, rest = text.rpartition(b'"reason":"')
    if not found:
        _, found, rest = text.rpartition(b'"code":"')
    return rest.partition(b'"')[0].decode() if found else ""


async def _answer(reader: asyncio.StreamReader) -> tuple[int, str]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    body = await reader.readexactly(length)
    status = int(head.split(b" ", 2)[1])
    return status, "" if status == OK else reason_in(body)


async def all_flow(readers: Iterable[StreamReader]) -> None:
    """Wait until each stream has brought several events; fail by name where one was refused."""
    for reader in readers:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PROBE_DEADLINE):
                while len(reader.log.arrivals) < FIRST_ARRIVALS and not reader.log.ended_at:  # noqa: ASYNC110 - another end's bytes
                    await asyncio.sleep(0.005)
        assert reader.log.flowing, f"{reader.log.key}: status {reader.log.status} {reader.log.reason}"
