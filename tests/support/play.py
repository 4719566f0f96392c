"""A gate in memory, on a loop that is turned by hand: one caller, one upstream that answers everything at once."""

import re
from collections.abc import Callable, Sequence

from msgspec import structs
from support.house import KnownTokens, Notebook, Nowhere, Policy
from support.sockets import shake
from support.turns import MemoryTransport, Turns

from gateway.audit.metrics import Metrics
from gateway.audit.recorder import Recorder
from gateway.dialects import House
from gateway.identity.verifier import NeedKeys
from gateway.policy.access import Instant, Subject
from gateway.policy.vocabulary import Reason
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.evidence import Witness
from gateway.proxy.journey import Gate
from gateway.proxy.link import Link
from gateway.proxy.listener import Connection
from gateway.proxy.upstream import Upstream
from gateway.settings.shape import Limits
from gateway.settings.shape import Upstream as UpstreamSettings

LIMITS = Limits(body=4096, headers_bytes=4096, message=4096, header_timeout=1.0, body_timeout=1.0, idle_timeout=1.0, write_timeout=1.0)
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
UPGRADED = re.compile(rb"\r\nupgrade: websocket\r\n")
LONG_ENOUGH = 16.0  # seconds after which every deadline has passed


class Strangers(KnownTokens):
    """One caller is known, who is on no list."""

    def verify(self, token: bytes, now: Instant, shown: str = "") -> Subject | Reason | NeedKeys:
        return super().verify(token, now, shown) if token == b"stranger" else Reason.TOKEN_INVALID


class Play:
    """One connection to a gate in memory, whose upstream answers everything at once. `requests` and `frames` are what reached it."""

    def __init__(self, metrics: Metrics, connection: Callable[[Gate], Connection] = Connection, limits: Limits = LIMITS) -> None:
        self.turns = Turns()
        deadlines, notebook = Deadlines(self.turns), Notebook()  # type: ignore[arg-type] # as much of a loop as is used
        settings = UpstreamSettings(name="api", urls=("http://upstream",), idle_timeout=1.0, first_byte_timeout=1.0)
        self.upstream = Upstream(settings, self.turns, deadlines)  # type: ignore[arg-type]
        self.gate = Gate(
            loop=self.turns,  # type: ignore[arg-type]
            clock=lambda: Instant(wall=1_800_000_000.0, steady=self.turns.now),
            limits=limits,
            identifier=Strangers(),
            policy=_policy(self.turns.now),
            locator=Nowhere(),
            upstreams={"api": self.upstream},
            witness=Witness(metrics, notebook, Recorder("w0"), lambda: Instant(1_800_000_000.0, self.turns.now)),
            house=House(contact="access@example.org"),
            deadlines=deadlines,
        )
        deadlines.start()
        deadlines.pulse.stop()  # time passes only when a test says so
        self.requests: list[bytes] = []
        self.frames = b""
        self._links: list[MemoryTransport] = []
        self._open_link()
        self._connection = connection
        self.caller, self.transport = self.connect()

    def connect(self) -> tuple[Connection, MemoryTransport]:
        """One more caller."""
        caller = self._connection(self.gate)
        transport = MemoryTransport(self.turns, caller)
        caller.connection_made(transport)  # type: ignore[arg-type] # as much of a transport as is used
        return caller, transport

    def send(self, pieces: Sequence[bytes], seconds: float = LONG_ENOUGH) -> None:
        """The caller sends pieces, then lets `seconds` pass."""
        for piece in pieces:
            if piece and not self.transport.lost:
                self.transport.arrive(piece)
        self.turns.pass_time(seconds)

    def _open_link(self) -> None:
        (endpoint,) = self.upstream._endpoints  # noqa: SLF001 - in place of a connection to it
        link = Link(endpoint)
        transport = MemoryTransport(self.turns, link)
        link.transport = transport  # type: ignore[assignment]
        endpoint.open += 1
        endpoint.idle.append(link)
        self._links.append(transport)
        transport.on_write = lambda data: self._heard(transport, data)

    def _heard(self, transport: MemoryTransport, data: bytes) -> None:
        if transport is not self._links[-1] or (self.requests and UPGRADED.search(self.requests[-1].partition(b"\r\n\r\n")[0] + b"\r\n")):
            self.frames += data
            return
        self.requests.append(data)
        answer = shake(data) if UPGRADED.search(data) else OK
        self.turns.call_soon(transport.arrive, answer)


def _policy(now: float) -> Policy:
    source = Policy()
    source.snapshot = structs.replace(source.snapshot, confirmed_at=now, max_staleness=1e9)
    return source
