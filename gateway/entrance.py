"""Where callers come in: the proxy's listener, plain or TLS, behind proxies that say first whom they speak for or not."""

import asyncio
import logging
import socket
import ssl
from typing import Final

from gateway.api.tls import ServerTls
from gateway.audit.logs import event
from gateway.errors import SettingsError
from gateway.proxy.departure import hold_back
from gateway.proxy.journey import Gate
from gateway.proxy.listener import Connection
from gateway.proxy.threshold import OFF, Threshold
from gateway.settings.addresses import host_port, network
from gateway.settings.shape import ProxyListener

LOG: Final = logging.getLogger(__name__)
BACKLOG: Final = 4096
LOOK_EVERY: Final = 5.0
"""Seconds between two looks at the certificates' files."""


class Entrance:
    """Listens by the settings, and looks after the certificates of all listeners, by name."""

    def __init__(self, gate: Gate, settings: ProxyListener, *, shared: bool, look_every: float = LOOK_EVERY) -> None:
        self._gate = gate
        self._settings = settings
        self._shared = shared
        self._look_every = look_every
        self._tls = ServerTls(settings.tls, "listen.proxy.tls") if settings.tls is not None else None
        self._tended: dict[str, ServerTls] = {}
        self.tend("proxy", self._tls)
        self._server: asyncio.Server | Threshold | None = None
        self._looking: asyncio.Task[None] | None = None
        self.port = 0

    def __repr__(self) -> str:
        return f"<Entrance {self._settings.address} {self._server!r}>"

    async def open(self) -> None:
        """Listen. Raises OSError if the address is taken."""
        settings = self._settings
        self._server = await self._plain() if self._tls is None and settings.proxy_protocol == OFF else self._threshold()
        for listening in self._server.sockets:
            hold_back(listening)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._looking = asyncio.get_running_loop().create_task(self._look(), name="certificates")

    def close(self) -> None:
        """Take no more connections."""
        if self._server is not None:
            self._server.close()
        if self._looking is not None:
            self._looking.cancel()

    def tend(self, listener: str, tls: ServerTls | None) -> None:
        """Look after the certificate of a listener, if it has one."""
        if tls is not None:
            self._tended[listener] = tls
            self._tell(listener, tls)

    def renew(self, settings: ProxyListener) -> None:
        """Believe the proxies that new settings name, and take certificates that have been replaced."""
        if isinstance(self._server, Threshold):
            self._server.trusted = tuple(map(network, settings.trusted_proxies))
        self.refresh()

    def refresh(self) -> None:
        """Take certificates that have been replaced; bad ones change nothing."""
        for listener, tls in self._tended.items():
            try:
                if tls.refresh():
                    event(LOG, logging.INFO, "certificate_replaced", address=listener)
                    self._tell(listener, tls)
            except SettingsError as error:
                event(LOG, logging.ERROR, "certificate_refused", problem=str(error))

    def _tell(self, listener: str, tls: ServerTls) -> None:
        self._gate.witness.metrics.certificate_expiry.labels(listener).set(tls.expires)

    async def _plain(self) -> asyncio.Server:
        """Without TLS and without a header the event loop itself accepts: it is the quickest."""
        place = host_port(self._settings.address)
        return await asyncio.get_running_loop().create_server(
            lambda: Connection(self._gate), place.host, place.port, backlog=BACKLOG, reuse_port=self._shared or None
        )

    def _threshold(self) -> Threshold:
        place = host_port(self._settings.address)
        family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
        listening = socket.create_server((place.host, place.port), family=family, backlog=BACKLOG, reuse_port=self._shared)
        trusted = tuple(map(network, self._settings.trusted_proxies))
        threshold = Threshold(self._gate, listening, trusted, self._settings.proxy_protocol, self._context)
        threshold.start()
        return threshold

    def _context(self) -> ssl.SSLContext | None:
        return self._tls.context if self._tls is not None else None

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._look_every)
            self.refresh()
