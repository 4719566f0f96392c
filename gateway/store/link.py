"""One RESP3 connection of our own: pipelined commands, pushes handed on, silence noticed.

Why not a client library's: its parser awaits per element (a policy of 100,000 grants would hold the loop for a second), its pool hides
which connection carries the tracking, and its retries hide when that connection was lost. Long replies are read in slices.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, cast

from gateway.errors import StoreUnavailableError
from gateway.store.address import StoreAddress, resolve, tls_context
from gateway.store.blobs import ProtocolViolationError
from gateway.store.resp import Parser, Push, Reply, ServerError, encode

SLICE: Final = 32768
"""Bytes parsed in one go: a millisecond at most."""

TURN: Final = 0.001
"""Seconds of parsing after which other work of the loop gets its turn."""

BACKLOG: Final = 1 << 22
"""Bytes that may wait to be parsed; then the server waits."""

PATIENCE: Final = 30
"""A reply that keeps flowing may take this many times the timeout."""

Command = tuple[str | bytes | int, ...]


class Link(asyncio.Protocol):
    """Open with `open_link`. Every failure (refused, lost, silent for `timeout` seconds) is a StoreUnavailableError."""

    def __init__(self, timeout: float, on_push: Callable[[Push], None], on_lost: Callable[[], None]) -> None:
        self._timeout = timeout
        self._on_push = on_push
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._parser = Parser()
        self._inbox: deque[bytes] = deque()
        self._paused = False
        self._waiting: deque[tuple[int, list[Reply], asyncio.Future[list[Reply]]]] = deque()
        self._transport: asyncio.Transport | None = None
        self._heard_at = self._loop.time()
        self.lost: str | None = None

    def __repr__(self) -> str:
        return f"Link({self.lost or 'open'}, {len(self._waiting)} awaited)"

    async def call(self, *command: str | bytes | int) -> Reply:
        """Send one command and await its reply. An error reply is raised as ServerError."""
        (reply,) = await self.batch([command])
        if isinstance(reply, ServerError):
            raise reply
        return reply

    async def batch(self, commands: Sequence[Command]) -> list[Reply]:
        """Send commands at once and await their replies in order; error replies are returned as values."""
        if self._transport is None or self.lost is not None:
            raise StoreUnavailableError(f"store connection: {self.lost}")
        answer: asyncio.Future[list[Reply]] = self._loop.create_future()
        self._waiting.append((len(commands), [], answer))
        self._transport.write(b"".join(map(encode, commands)))
        await self._patiently(answer)
        return answer.result()

    def tell(self, *command: str | bytes | int) -> None:
        """Send a command that is answered by pushes only, such as SUBSCRIBE."""
        if self._transport is not None:
            self._transport.write(encode(command))

    def close(self, why: str = "closed") -> None:
        """Drop the connection at once; whoever waits for a reply is told why."""
        self.lost = self.lost or why
        if self._transport is not None:
            self._transport.abort()
        self._fail_waiting()

    async def _patiently(self, answer: "asyncio.Future[list[Reply]]") -> None:
        begun = self._loop.time()
        while not answer.done():
            silent_since = max(begun, self._heard_at)
            left = min(silent_since + self._timeout, begun + self._timeout * PATIENCE) - self._loop.time()
            if left <= 0:
                self.close(f"no answer within {self._timeout} s")
                self._on_lost()
                break
            await asyncio.wait((answer,), timeout=left)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio.Protocol)."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody who waits (asyncio.Protocol)."""
        self.lost = self.lost or (str(exc) if exc else "closed by the server")
        self._fail_waiting()
        self._on_lost()

    def data_received(self, data: bytes) -> None:
        """Parse what is short at once, queue what is long (asyncio.Protocol)."""
        self._heard_at = self._loop.time()
        if not self._inbox and len(data) <= SLICE:
            self._parse(data)
            return
        if not self._inbox:
            self._loop.call_soon(self._drain)
        self._inbox.extend(data[start : start + SLICE] for start in range(0, len(data), SLICE))
        if len(self._inbox) > BACKLOG // SLICE and not self._paused and self._transport is not None:
            self._transport.pause_reading()
            self._paused = True

    def _drain(self) -> None:
        begun = self._heard_at = self._loop.time()
        while self._inbox and self._loop.time() < begun + TURN:
            self._parse(self._inbox.popleft())
        if self._inbox:
            self._loop.call_soon(self._drain)
        elif self._paused and self._transport is not None and self.lost is None:
            self._transport.resume_reading()
            self._paused = False

    def _parse(self, data: bytes) -> None:
        if self.lost is not None:
            return
        try:
            replies = self._parser.feed(data)
        except ProtocolViolationError as error:
            self.close(str(error))
            return
        for reply in replies:
            if isinstance(reply, Push):
                self._on_push(reply)
            else:
                self._deliver(reply)

    def _deliver(self, reply: Reply) -> None:
        if not self._waiting:
            self.close("a reply that nobody asked for")
            return
        count, replies, answer = self._waiting[0]
        replies.append(reply)
        if len(replies) == count:
            self._waiting.popleft()
            if not answer.done():
                answer.set_result(replies)

    def _fail_waiting(self) -> None:
        while self._waiting:
            *_, answer = self._waiting.popleft()
            if not answer.done():
                answer.set_exception(StoreUnavailableError(f"store connection: {self.lost}"))
                answer.exception()


async def open_link(
    address: StoreAddress,
    timeout: float,  # noqa: ASYNC109 (seconds; also kept for every later call)
    on_push: Callable[[Push], None] = lambda _: None,
    on_lost: Callable[[], None] = lambda: None,
) -> Link:
    """Connect, speak RESP3, authenticate, select the database. Raises StoreUnavailableError that says what to mend."""
    target = resolve(address)
    link = Link(timeout, on_push, on_lost)
    try:
        async with asyncio.timeout(timeout):
            await _connect(link, target)
    except (OSError, ValueError) as error:
        link.close()
        raise StoreUnavailableError(f"{address}: {str(error) or f'no connection within {timeout} s'}") from None
    try:
        await _greet(link, target)
    except ServerError as error:
        link.close()
        raise StoreUnavailableError(f"{address}: {error}") from None
    except BaseException:
        link.close()
        raise
    return link


async def _connect(link: Link, target: StoreAddress) -> None:
    loop = asyncio.get_running_loop()
    if target.kind == "unix":
        await loop.create_unix_connection(lambda: link, target.path)
        return
    (host, port), *_ = target.endpoints
    await loop.create_connection(lambda: link, host, port, ssl=tls_context(target))


async def _greet(link: Link, target: StoreAddress) -> None:
    credentials: Command = ("AUTH", target.username or "default", target.password) if target.password else ()
    await link.call("HELLO", 3, *credentials, "SETNAME", "gateway-watch")
    if target.database:
        await link.call("SELECT", target.database)
