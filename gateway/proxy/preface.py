"""The door for proxies that say first whom they speak for (PROXY protocol, versions 1 and 2), before TLS or HTTP.

Only trusted peers may come in, and each must begin with a header: from anybody else it is an attack. The header is read to its last
byte and no further, so that what follows can be TLS.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Final

from gateway.location.address import Networks, is_trusted
from gateway.proxy.listener import Connection
from gateway.wire.forwarded import address_of
from gateway.wire.proxy_protocol import SIGNATURE, Preface, read_preface

if TYPE_CHECKING:
    from gateway.proxy.journey import Gate

NOBODY: Final = "unknown"
"""The client where the proxy names none. It is not the proxy: that is trusted, so what the stranger's headers say would be believed."""
SHORTEST: Final = 12
"""Bytes that every header has: those of the signature of version 2, three less than the shortest line of version 1."""
BINARY_HEAD: Final = 16
NO_MORE_FILES: Final = 0.1
"""Seconds until the next try where the system gives no further socket."""


class PrefacedListener:
    """Accepts on `listening`. `version`: v1, v2 or any; `context`: for TLS after the header."""

    def __init__(self, gate: "Gate", listening: socket.socket, trusted: Networks, version: str, context: ssl.SSLContext | None) -> None:
        self._gate = gate
        self._listening = listening
        self._trusted = trusted
        self._version = version
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<PrefacedListener {self._version} {len(self._tasks)} at work>"

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """What is listened on."""
        return (self._listening,)

    def start(self) -> None:
        """Begin to accept."""
        self._listening.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self._begin(self._accept())

    def close(self) -> None:
        """Accept no more; who has not said its header yet is closed."""
        for task in self._tasks:
            task.cancel()
        self._listening.close()

    async def _accept(self) -> None:
        loop = self._gate.loop
        while True:
            try:
                sock, address = await loop.sock_accept(self._listening)
            except OSError:
                await asyncio.sleep(NO_MORE_FILES)
                continue
            self._begin(self._welcome(sock, str(address[0])))

    async def _welcome(self, sock: socket.socket, peer: str) -> None:
        gate = self._gate
        known = address_of(peer)
        if known is None or not is_trusted(known, self._trusted) or len(self._tasks) > gate.limits.connections:
            self._turn_away(sock, "too_many" if known is not None and is_trusted(known, self._trusted) else "untrusted_proxy")
            return
        try:
            async with asyncio.timeout(gate.limits.header_timeout):
                said = await self._read(sock)
                if isinstance(said, str):
                    self._turn_away(sock, "proxy_header")
                    return
                client = said.address or NOBODY
                await gate.loop.connect_accepted_socket(lambda: Connection(gate, client), sock, ssl=self._context)
        except TimeoutError:
            self._turn_away(sock, "proxy_header")
        except (OSError, ssl.SSLError):
            sock.close()

    async def _read(self, sock: socket.socket) -> Preface | str:
        data, wanted = b"", SHORTEST
        while True:
            piece = await self._gate.loop.sock_recv(sock, wanted - len(data))
            if not piece:
                return "the connection ended within its header"
            data += piece
            if self._version != "any" and data.startswith(SIGNATURE[: len(data)]) is not (self._version == "v2"):
                return "the header is of another version"
            said = read_preface(data)
            if said is not None:
                return said
            wanted = wanted if len(data) < wanted else _next(data)

    def _turn_away(self, sock: socket.socket, reason: str) -> None:
        self._gate.witness.on_unserved(reason)
        sock.close()

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = self._gate.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        with contextlib.suppress(asyncio.CancelledError):
            task.result()


def _next(data: bytes) -> int:
    """How many bytes of the header can be asked for without taking one of what follows it."""
    if not data.startswith(SIGNATURE):
        return len(data) + (1 if data.endswith(b"\r") else 2)
    return BINARY_HEAD if len(data) < BINARY_HEAD else BINARY_HEAD + int.from_bytes(data[14:16], "big")
