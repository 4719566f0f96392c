"""Where callers come in: the proxy's listener, plain or TLS, behind proxies that say first whom they speak for or not."""

import asyncio
import logging
import socket
from typing import Final

from gateway.api.tls import ServerTls
from gateway.audit.logs import event
from gateway.errors import SettingsError
from gateway.proxy.journey import Gate
from gateway.proxy.listener import Connection
from gateway.proxy.preface import PrefacedListener
from gateway.settings.addresses import host_port, network
from gateway.settings.shape import ProxyListener

LOG: Final = logging.getLogger(__name__)
BACKLOG: Final = 4096
LOOK_EVERY: Final = 5.0
"""Seconds between two looks at the certificates' files."""


class Entrance:
    """Listens by the settings; `also` is the TLS of another listener whose files are looked after as well."""

    def __init__(self, gate: Gate, settings: ProxyListener, *, shared: bool) -> None:
        self._gate = gate
        self._settings = settings
        self._shared = shared
        self._tls = ServerTls(settings.tls, "listen.proxy.tls") if settings.tls is not None else None
        self._server: asyncio.Server | PrefacedListener | None = None
        self._looking: asyncio.Task[None] | None = None
        self.also: ServerTls | None = None
        self.port = 0

    def __repr__(self) -> str:
        return f"<Entrance {self._settings.address} {self._server!r}>"

    async def open(self) -> None:
        """Listen. Raises OSError if the address is taken."""
        place, context = host_port(self._settings.address), self._tls.context if self._tls is not None else None
        if self._settings.proxy_protocol == "off":
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Connection(self._gate),
                place.host,
                place.port,
                ssl=context,
                ssl_handshake_timeout=self._gate.limits.header_timeout if context is not None else None,
                backlog=BACKLOG,
                reuse_port=self._shared or None,
            )
        else:
            family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
            listening = socket.create_server((place.host, place.port), family=family, backlog=BACKLOG, reuse_port=self._shared)
            trusted = tuple(map(network, self._settings.trusted_proxies))
            self._server = PrefacedListener(self._gate, listening, trusted, self._settings.proxy_protocol, context)
            self._server.start()
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._looking = asyncio.get_running_loop().create_task(self._look())

    def close(self) -> None:
        """Take no more connections."""
        if self._server is not None:
            self._server.close()
        if self._looking is not None:
            self._looking.cancel()

    def refresh(self) -> None:
        """Take certificates that have been replaced; a bad one changes nothing."""
        for tls in (self._tls, self.also):
            try:
                if tls is not None and tls.refresh():
                    event(LOG, logging.INFO, "certificate_replaced")
            except SettingsError as error:
                event(LOG, logging.ERROR, "certificate_refused", problem=str(error))

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self.refresh()
