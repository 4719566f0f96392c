"""Raw bytes to the listener, in pieces: no failure, no hang, and whatever goes upstream is what other readers read in what came.

An input is the pieces of one connection, one after the other, with `CUT` between them. The caller may use the model `open` and no other.
"""

import re
from collections.abc import Callable, Sequence

from msgspec import structs
from support.house import KnownTokens, Notebook, Nowhere, Policy
from support.readers import DoubtError, Seen, by_h11, every_reading, models_in
from support.sockets import KEY, NONCE, shake
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
from gateway.wire.frame_reader import FrameReader
from gateway.wire.websocket import Frame, Opcode, encode

CUT = b"\xfe\xfe"
LIMITS = Limits(body=4096, headers_bytes=4096, message=4096, header_timeout=1.0, body_timeout=1.0, idle_timeout=1.0, write_timeout=1.0)
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
UPGRADED = re.compile(rb"\r\nupgrade: websocket\r\n")
SPACED = re.compile(rb"^([A-Z]+) +(/\S*) +(HTTP/1\.[01]\r)$", re.MULTILINE)  # read by some with one space only; it goes upstream with one
LONG_ENOUGH = 16.0  # seconds after which every deadline has passed

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer stranger\r\nContent-Type: application/json\r\n"
BODY = b'{"model":"open"}'
FORBIDDEN = b'{"model":"frontier"}'
LENGTH = b"Content-Length: %d\r\n\r\n%b"
CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
ONE = HEAD + LENGTH % (len(BODY), BODY)
START = HEAD.replace(b"\r\nHost: gate\r\n", b"\r\n") + b"X-A: "
REST = b"POST /v1/completions HTTP/1.1\r\nHost: gate\r\n" + LENGTH % (len(BODY), BODY)
SOCKET = (
    b"GET /v1/realtime?model=open HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer stranger\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n" % NONCE
)
EVENT = encode(Frame(Opcode.TEXT, b'{"type":"session.update","session":{"model":"open"}}'), KEY)


class Strangers(KnownTokens):
    """One caller is known, who is on no list."""

    def verify(self, token: bytes, now: Instant) -> Subject | Reason | NeedKeys:
        return super().verify(token, now) if token == b"stranger" else Reason.TOKEN_INVALID


class Play:
    """One connection to a gate in memory, whose upstream answers everything at once. `requests` and `frames` are what reached it."""

    def __init__(self, metrics: Metrics, connection: Callable[[Gate], Connection] = Connection) -> None:
        self.turns = Turns()
        deadlines, notebook = Deadlines(self.turns), Notebook()  # type: ignore[arg-type] # as much of a loop as is used
        settings = UpstreamSettings(name="api", urls=("http://upstream",), idle_timeout=1.0, first_byte_timeout=1.0)
        self.upstream = Upstream(settings, self.turns, deadlines)  # type: ignore[arg-type]
        self.gate = Gate(
            loop=self.turns,  # type: ignore[arg-type]
            clock=lambda: Instant(wall=1_800_000_000.0, steady=self.turns.now),
            limits=LIMITS,
            identifier=Strangers(),
            policy=_policy(self.turns.now),
            locator=Nowhere(),
            upstreams={"api": self.upstream},
            witness=Witness(metrics, notebook, Recorder("w0"), lambda: Instant(1_800_000_000.0, self.turns.now)),
            house=House(contact="access@example.org"),
            deadlines=deadlines,
        )
        deadlines.start()
        self.requests: list[bytes] = []
        self.frames = b""
        self._links: list[MemoryTransport] = []
        self._open_link()
        self.caller = connection(self.gate)
        self.transport = MemoryTransport(self.turns, self.caller)
        self.caller.connection_made(self.transport)  # type: ignore[arg-type] # as much of a transport as is used

    def send(self, pieces: Sequence[bytes]) -> None:
        """The caller sends pieces, and waits; at last its patience ends, or the gate's."""
        for piece in pieces:
            if piece and not self.transport.lost:
                self.transport.arrive(piece)
        self.turns.pass_time(LONG_ENOUGH)

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


class Listener:
    """A connection of a caller who may use one model."""

    seeds = (
        ONE,
        ONE + ONE,
        CUT.join((ONE, ONE, ONE, ONE)),
        CUT.join((ONE, ONE, ONE, ONE.replace(BODY, FORBIDDEN).replace(b": 16", b": 20"))),
        CUT.join((START + REST, START, REST, REST)),
        HEAD + CHUNKS % (len(BODY), BODY),
        HEAD + b"Expect: 100-continue\r\n" + LENGTH[:-2] % len(BODY) + CUT + BODY,
        b"GET /v1/models HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer stranger\r\n\r\n" + ONE,
        SOCKET + CUT + EVENT,
        ONE.replace(b"\r\nContent-Type", b"\r\nTransfer-Encoding: chunked\r\nContent-Type"),
    )
    words = (
        *(
            CUT,
            ONE,
            SOCKET,
            EVENT,
            BODY,
            FORBIDDEN,
            b"\r\n\r\n",
            b"\r\n",
            b"Content-Length: 16\r\n",
            b"Content-Length: +16\r\n",
            b"016",
            b"\n",
        ),
        *(
            b"Transfer-Encoding: chunked\r\n",
            b"10\r\n",
            b"0\r\n\r\n",
            b"HTTP/1.0",
            b"HTTP/2.0",
            b"?model=frontier",
            b"/openai/deployments/frontier",
        ),
        *(
            b"X-Model: frontier\r\n",
            b"Connection: close\r\n",
            b"Authorization: Bearer other\r\n",
            b" ",
            b"\t",
            b"\0",
            b";",
            b"#",
            b"%2e%2e",
        ),
    )

    def __init__(self, connection: Callable[[Gate], Connection] = Connection) -> None:
        self._connection = connection
        self._metrics = Metrics()

    def try_one(self, data: bytes) -> None:
        """Play one connection."""
        play = Play(self._metrics, self._connection)
        pieces = data.split(CUT)
        play.send(pieces)
        self._judge(play, b"".join(pieces))

    def _judge(self, play: Play, sent: bytes) -> None:
        told = [int(status) for status in STATUS.findall(bytes(play.transport.written))]
        assert not [status for status in told if status >= 500], f"it failed: {told}"
        assert play.transport.lost, "the connection hangs"
        forwarded: list[Seen] = []
        for request in play.requests:
            (seen,) = every_reading(request, play.turns) if not UPGRADED.search(request) else by_h11(request)
            assert models_in(seen) == {"open"}, f"it is read as {models_in(seen)}"
            forwarded.append(seen)
        _find(forwarded, SPACED.sub(rb"\1 \2 \3", sent))
        self._judge_frames(play.frames)

    def _judge_frames(self, data: bytes) -> None:
        reader = FrameReader(masked=True, largest=1 << 20)
        for frame in reader.feed(data):
            assert b"frontier" not in frame.payload or frame.opcode != Opcode.TEXT, "an event names another model"
        assert reader.violation is None, "what goes upstream is no WebSocket"


def _find(forwarded: list[Seen], sent: bytes) -> None:
    """Find each request that went upstream in what the caller sent, in this order, as far as another reader can read that."""
    doubt = False
    try:
        found = iter(by_h11(sent))
    except DoubtError as error:
        doubt, found = True, iter(error.found)
    for seen in forwarded:
        assert any(_is_that(seen, one) for one in found) or doubt, f"no reader finds this request in what came: {seen}"


def _is_that(seen: Seen, sent: Seen) -> bool:
    """Whether what went upstream is what a caller with this very token sent."""
    fields = dict(sent.fields)
    tokens = {fields.get(name, b"").rpartition(b" ")[2] for name in (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key")}
    offered = fields.get(b"sec-websocket-protocol", b"")
    return (seen.method, seen.target, seen.body) == (sent.method, sent.target, sent.body) and (
        b"stranger" in tokens or b"stranger" in offered
    )
