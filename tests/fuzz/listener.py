"""Raw bytes to the listener, in pieces: no failure, no hang, and whatever goes upstream is what other readers read in what came.

An input is the pieces of one connection, one after the other, with `CUT` between them. The caller may use the model `open` and no other.
"""

import re
from collections.abc import Callable

from support.play import UPGRADED, Play
from support.readers import DoubtError, Seen, by_h11, every_reading, models_in
from support.sockets import KEY, NONCE

from gateway.audit.metrics import Metrics
from gateway.proxy.journey import Gate
from gateway.proxy.listener import Connection
from gateway.wire.frame_reader import FrameReader
from gateway.wire.websocket import Frame, Opcode, encode

CUT = b"\xfe\xfe"
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
SPACED = re.compile(rb"^([A-Z]+) +(/\S*) +(HTTP/1\.[01]\r)$", re.MULTILINE)  # read by some with one space only; it goes upstream with one

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
