"""A gate whose callers come over a threshold: with a PROXY header, over TLS, or both."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from support.certificates import Certificate
from support.house import Stage
from support.wire_ends import DEADLINE, RawCaller

from gateway.proxy.threshold import OFF, Threshold
from gateway.settings.addresses import network

LOOPBACK = ("127.0.0.1/32",)


@asynccontextmanager
async def threshold(
    stage: Stage,
    version: str = OFF,
    *,
    trusted: Sequence[str] = LOOPBACK,
    tls: ssl.SSLContext | Callable[[], ssl.SSLContext] | None = None,
) -> AsyncIterator[int]:
    """Open one more door of the stage's gate, with one TLS for all or one asked for each time; give its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    door = Threshold(stage.gate, listening, tuple(map(network, trusted)), version, tls if callable(tls) else lambda: tls)
    door.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        door.close()


@asynccontextmanager
async def caller_from(port: int, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator[RawCaller]:
    """Connect from an address of loopback."""
    async with asyncio.timeout(DEADLINE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0), ssl=tls)
    try:
        yield RawCaller(reader, writer)
    finally:
        writer.close()


def client_tls(server: Certificate, own: Certificate | None = None) -> ssl.SSLContext:
    """Trust the server's authority; show a certificate of one's own, if any."""
    context = ssl.create_default_context(cafile=server.authority)
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    return context


def unserved(stage: Stage, reason: str) -> float:
    """How many connections were turned away for this reason."""
    return stage.metrics.refused_connections.labels(reason).value
