"""Both ends of the wire by hand: an upstream that plays a script, byte for byte, and a caller that writes raw bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

DEADLINE = 10.0
HEARD: ContextVar[list[bytes]] = ContextVar("HEARD")

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
SSE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """Frame one chunk (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request with a content-length, head and body, as it came; the upstream that plays remembers it."""
    whole = head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            whole = head + await reader.readexactly(int(line.partition(b":")[2]))
    HEARD.get().append(whole)
    return whole


class ScriptedUpstream:
    """Plays `script` on every connection; remembers the requests, and counts connections and those that were closed on it."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.connections = 0
        self.closed = asyncio.Event()
        self.problems: list[BaseException] = []
        self.url = ""

    async def play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        HEARD.set(self.requests)
        try:
            await self.script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.closed.set()
            writer.close()


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[ScriptedUpstream]:
    """Start an upstream on loopback."""
    upstream = ScriptedUpstream(script)
    server = await asyncio.start_server(upstream.play, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()


def answering(*answers: bytes) -> Script:
    """Answer the requests of one connection in turn, the last answer again and again."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting = list(answers)
        while True:
            await read_request(reader)
            writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])
            await writer.drain()

    return script


class RawCaller:
    """A connection on which the test writes what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        """Write raw bytes."""
        self.writer.write(data)

    @property
    def answered(self) -> bool:
        """Whether anything has come."""
        return bool(getattr(self.reader, "_buffer", b""))

    def post(
        self, body: bytes = b'{"model":"frontier"}', *, token: str = "acme", path: str = "/v1/chat/completions", extra: bytes = b""
    ) -> None:
        """Write a plain inference request; `extra` are more header lines, each ended by CRLF."""
        self.send(
            b"POST %b HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer %b\r\n"
            b"content-type: application/json\r\n%bcontent-length: %d\r\n\r\n%b" % (path.encode(), token.encode(), extra, len(body), body)
        )

    async def head(self) -> bytes:
        """Read one answer's head."""
        async with asyncio.timeout(DEADLINE):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> tuple[bytes, bytes]:
        """Read one answer that has a content-length."""
        head = await self.head()
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
        async with asyncio.timeout(DEADLINE):
            return head, await self.reader.readexactly(int(length.partition(b":")[2]))

    async def until(self, ending: bytes) -> bytes:
        """Read up to and with `ending`."""
        async with asyncio.timeout(DEADLINE):
            return await self.reader.readuntil(ending)

    async def rest(self) -> tuple[bytes, bool]:
        """Read to the end; say whether the connection was reset rather than closed."""
        parts = b""
        try:
            async with asyncio.timeout(DEADLINE):
                while part := await self.reader.read(65536):
                    parts += part
        except ConnectionResetError:
            return parts, True
        return parts, False

    async def rest_of_chunks(self) -> tuple[int, int]:
        """Read a chunked body to its last chunk without keeping it; give its size and the number of chunks."""
        size = chunks = 0
        while True:
            length = int(await self.until(b"\r\n"), 16)
            await self.reader.readexactly(length + 2)
            if length == 0:
                return size, chunks
            size, chunks = size + length, chunks + 1


@asynccontextmanager
async def raw_caller(port: int) -> AsyncIterator[RawCaller]:
    """Connect to the gate."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        yield RawCaller(reader, writer)
    finally:
        writer.close()


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until `condition` holds; fail by name where it never does."""
    try:
        async with asyncio.timeout(DEADLINE):
            while not condition():  # noqa: ASYNC110 - the state of another process or protocol has no event to wait for
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"never came true: {what}") from None
