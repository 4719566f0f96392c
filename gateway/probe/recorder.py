"""The recording upstream: serves any path on loopback, forgives everything, and remembers every request that reaches it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from gateway.probe.arrival import Arrival
from gateway.probe.conversation import LARGEST, Conversation

PACE: Final = 0.02


class Recorder:
    """Remembers `arrivals` until `forget`; while `failing`, answers 500. `running` counts streams that are being written."""

    def __init__(self, models: Sequence[str], host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self.arrivals: list[Arrival] = []
        self.failing = False
        self.running = 0
        self._models = tuple(models)
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Recorder {self.url} arrivals={len(self.arrivals)} running={self.running}>"

    @property
    def url(self) -> str:
        """Its address, without a path; the port is real after `start`."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen; port 0 becomes a free one. Raises OSError where the port is taken."""
        self._server = await asyncio.start_server(self._accept, self.host, self.port, limit=LARGEST)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and leave every connection."""
        if self._server is not None:
            self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    def forget(self) -> None:
        """Begin with the next probe."""
        self.arrivals.clear()

    async def until(self, condition: Callable[["Recorder"], bool], within: float) -> bool:
        """Wait until `condition` holds, at most `within` seconds; say whether it came to hold."""
        deadline = asyncio.get_running_loop().time() + within
        while not condition(self):
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(PACE)
        return True

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await Conversation(self, reader, writer, self._models).hold()
        except (ConnectionError, TimeoutError):
            pass  # the gateway has left, or says nothing more
        finally:
            writer.close()
