"""A TCP passage between gate and store that a test can close without a word, slow down, or tear off."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

PIECE = 65536


class Passage:
    """Listens on `port`, leads to `target`. `delay`: seconds that every piece takes each way; clear `open` for a black hole.

    Like packets that are sent again and again, what vanished in the hole arrives once it is open.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.delay = 0.0
        self.open = asyncio.Event()
        self.open.set()
        self._travellers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Passage {self.port} to {self.target}, {'open' if self.open.is_set() else 'closed'}, {self.delay} s>"

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection across."""
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._travellers |= {writer, far_writer}
        for source, drain in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.get_running_loop().create_task(self._carry(source, drain))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def tear(self) -> None:
        """Reset every connection that is under way."""
        for writer in self._travellers:
            writer.transport.abort()
        self._travellers.clear()

    async def close(self) -> None:
        """Tear what is left and wait for the carriers."""
        self.tear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
        """Pieces that come while others are on their way do not wait for them: it is the way that is long, not narrow."""
        loop = asyncio.get_running_loop()
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        landing = loop.create_task(self._land(due, drain))
        try:
            with contextlib.suppress(ConnectionError):
                while piece := await source.read(PIECE):
                    due.put_nowait((loop.time() + self.delay, piece))
            due.put_nowait((loop.time() + self.delay, b""))
            await landing
        finally:
            landing.cancel()

    async def _land(self, due: "asyncio.Queue[tuple[float, bytes]]", drain: asyncio.StreamWriter) -> None:
        while True:
            when, piece = await due.get()
            await asyncio.sleep(when - asyncio.get_running_loop().time())
            await self.open.wait()
            if not piece:
                drain.transport.abort()
                return
            drain.write(piece)


@contextlib.asynccontextmanager
async def passage(target: int) -> AsyncIterator[Passage]:
    """Open a passage to the loopback port `target`."""
    way = Passage(target)
    server = await asyncio.start_server(way.enter, "127.0.0.1", 0)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
        await way.close()
