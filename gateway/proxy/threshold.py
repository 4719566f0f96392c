"""The listener for connections that begin with something else than HTTP: a PROXY header, a TLS handshake, or one after the other.

Where a header is demanded, only trusted proxies may come in, and each must begin with one: from anybody else it is an attack
(https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, section 2). Whoever is turned away is counted with the reason.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from gateway.location.address import Networks, is_trusted
from gateway.proxy.listener import Connection
from gateway.proxy.preface import receive_preface
from gateway.wire.forwarded import address_of

if TYPE_CHECKING:
    from gateway.proxy.journey import Gate

OFF: Final = "off"
UNNAMED: Final = "unknown"
"""The peer of a connection whose client the proxy does not know: no address, so nowhere, and none of its headers is believed."""

NO_MORE_FILES: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
AT_ONCE: Final = 64
PAUSE: Final = 0.1
"""Seconds until the next try where the system gives no further socket."""


class Threshold:
    """Accepts on `listening`. `version` of the header: off, v1, v2 or any; `context` gives the TLS of the next connection, None: plain.

    `trusted` are the networks of proxies that may come in where a header is demanded.
    """

    def __init__(
        self, gate: "Gate", listening: socket.socket, trusted: Networks, version: str, context: Callable[[], ssl.SSLContext | None]
    ) -> None:
        self.trusted = trusted
        self._gate = gate
        self._listening = listening
        self._version = version
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        self._pausing: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Threshold PROXY {self._version}, {len(self._tasks)} at work>"

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """What is listened on."""
        return (self._listening,)

    def start(self) -> None:
        """Begin to accept."""
        self._listening.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self._listen()

    def close(self) -> None:
        """Accept no more; who has not come over the threshold yet is closed."""
        if self._pausing is not None:
            self._pausing.cancel()
        if self._listening.fileno() >= 0:
            self._gate.loop.remove_reader(self._listening)
            self._listening.close()
        for task in self._tasks:
            task.cancel()

    def _listen(self) -> None:
        self._pausing = None
        self._gate.loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        """Take whoever waits, a few at a time: others want the loop too."""
        for _ in range(AT_ONCE):
            try:
                sock, address = self._listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in NO_MORE_FILES:
                    self._gate.loop.remove_reader(self._listening)
                    self._pausing = self._gate.loop.call_later(PAUSE, self._listen)
                return
            self._meet(sock, str(address[0]))

    def _meet(self, sock: socket.socket, peer: str) -> None:
        if len(self._tasks) >= self._gate.limits.connections:
            self._turn_away(sock, "too_many")
        elif self._version != OFF and not self._is_trusted(peer):
            self._turn_away(sock, "untrusted_proxy")
        else:
            sock.setblocking(False)  # noqa: FBT003 - the same
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = self._gate.loop.create_task(self._welcome(sock, peer))
            self._tasks.add(task)
            task.add_done_callback(partial(self._done, sock))

    async def _welcome(self, sock: socket.socket, peer: str) -> None:
        refused = ""
        try:
            client = peer if self._version == OFF else await self._named(sock, peer)
            if client is None:
                refused = "proxy_header"
            elif client:
                refused = await self._secure(sock, client)
        except OSError:
            sock.close()  # the peer has gone: nobody was refused
        if refused:
            self._turn_away(sock, refused)

    async def _named(self, sock: socket.socket, peer: str) -> str | None:
        """Read whom the proxy speaks for; None where it does not say it as it must, empty where it has left."""
        try:
            async with asyncio.timeout(self._gate.limits.header_timeout):
                said = await receive_preface(self._gate.loop, sock, self._version)
        except TimeoutError:
            return None
        if said is None:
            sock.close()
            return ""
        if isinstance(said, str):
            return None
        return peer if said.local else said.address or UNNAMED

    async def _secure(self, sock: socket.socket, client: str) -> str:
        """Hand the socket to a connection, over TLS where that is spoken; the reason where there is no agreement on it."""
        context = self._context()
        patience = self._gate.limits.header_timeout if context is not None else None
        try:
            await self._gate.loop.connect_accepted_socket(
                lambda: Connection(self._gate, client), sock, ssl=context, ssl_handshake_timeout=patience
            )
        except ssl.SSLError as error:
            return "client_certificate" if "CERT" in (error.reason or "") else "tls"
        except ConnectionAbortedError:
            return "tls"  # the handshake took longer than it may
        return ""

    def _is_trusted(self, peer: str) -> bool:
        address = address_of(peer)
        return address is not None and is_trusted(address, self.trusted)

    def _turn_away(self, sock: socket.socket, reason: str) -> None:
        self._gate.witness.on_unserved(reason)
        sock.close()

    def _done(self, sock: socket.socket, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            sock.close()
        else:
            task.result()
