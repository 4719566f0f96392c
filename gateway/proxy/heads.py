"""Request heads that have been read: what follows from a head alone, kept for the next request on the connection if its head is the same.

Clients send the same head again and again on one connection. The comparison is of every byte but the content-length's digits, so
nothing is taken for granted: the same bytes can only be read in the same way. Whose the token is, and what it may, is asked each time.
"""

from typing import Final

from gateway.identity.bearer import find_credential
from gateway.policy.access import Location
from gateway.policy.vocabulary import Reason
from gateway.proxy.request import Request
from gateway.settings.shape import Limits
from gateway.wire import headers as head_fields
from gateway.wire.envelope import RequestEnvelope
from gateway.wire.paths import canonical
from gateway.wire.places import notable
from gateway.wire.quick import is_usual
from gateway.wire.routes import Kind, Route, find

END_OF_HEAD: Final = b"\r\n\r\n"
LENGTH_FIELD: Final = b"\r\ncontent-length:"
LONGEST_LENGTH: Final = 18
SPACE: Final = (b" ", b"\t")
NOT_CANONICAL: Final = "the path is not in its canonical form: no dot segments, encoded slashes, doubled slashes or absolute form"


class Head:
    """One head, read. `problem` says why it cannot be served; `forwarded` is what a relay made of it for its endpoint.

    `plain`: a question to a model from a caller who shows a token, with nothing to be looked at before it is judged. `notable` are
    the headers that say something about the body, `usual` that they say nothing unusual; `located` is where its sender is, by whom
    and in which generation it was said.
    """

    __slots__ = (
        "bodiless",
        "credential",
        "envelope",
        "expects_continue",
        "forwarded",
        "forwarded_by",
        "located",
        "located_by",
        "located_in",
        "notable",
        "plain",
        "problem",
        "route",
        "traced",
        "usual",
    )

    def __init__(self, request: Request, method: bytes) -> None:
        split = canonical(request.target)
        self.problem = (head_fields.check(request.headers) or "") if split is not None else NOT_CANONICAL
        path, query = split or ("", b"")
        self.envelope = RequestEnvelope(method, request.target, path, query, request.headers)
        self.route: Route | None = None if self.problem else find(method, path)
        self.credential: bytes | Reason = Reason.MALFORMED_REQUEST if self.problem else find_credential(request.headers)
        self.expects_continue = any(name == b"expect" and value.lower() == b"100-continue" for name, value in request.headers)
        self.plain = self.route is not None and self.route.kind is Kind.INFERENCE and isinstance(self.credential, bytes)
        self.notable = notable(request.headers)
        self.usual = self.route is not None and is_usual(self.route, query, self.notable)
        self.bodiless = method == b"HEAD"
        self.located: tuple[str, Location] | None = None
        self.located_by: object = None
        self.located_in = 0
        self.forwarded = b""
        self.traced = False
        self.forwarded_by: object = None

    def __repr__(self) -> str:
        return f"<Head {self.envelope.method!r} {self.envelope.path} {self.problem or 'sound'}>"

    def is_that_of(self, request: Request, method: bytes) -> bool:
        """Whether `request` has this head, byte for byte."""
        envelope = self.envelope
        return request.headers == envelope.headers and request.target == envelope.target and method == envelope.method


class Stencil:
    """The bytes of a whole request head that the parser has accepted, around the digits of its content-length."""

    __slots__ = ("_after", "_before", "_head", "_keep_alive", "_limits", "_version")

    def __init__(self, before: bytes, after: bytes, request: Request, head: Head, limits: Limits) -> None:
        self._before = before
        self._after = after
        self._head = head
        self._version = request.version
        self._keep_alive = request.keep_alive
        self._limits = limits

    def __repr__(self) -> str:
        return f"<Stencil of {self._head!r}>"

    def fill(self, data: bytes, started: float, limits: Limits) -> Request | None:
        """Read `data` as one whole request with this very head; None leaves it to the parser."""
        position = len(self._before)
        if limits is not self._limits or not data.startswith(self._before):
            return None
        end = data.find(b"\r", position, position + LONGEST_LENGTH)
        digits = data[position:end]
        if not digits.isdigit() or not data.startswith(self._after, end):
            return None
        start = end + len(self._after)
        size = len(data) - start
        if size != int(digits) or size > limits.body:
            return None
        return self._request(started, data[start:], size)

    def _request(self, started: float, body: bytes, size: int) -> Request:
        head = self._head
        envelope = head.envelope
        return Request(
            started,
            envelope.target,
            envelope.headers,
            self._version,
            self._keep_alive,
            body=[body],
            size=size,
            complete=True,
            envelope=envelope,
            head=head,
            route=head.route,
        )


def stencil_of(data: bytes, request: Request, limits: Limits) -> Stencil | None:
    """Make a stencil of `data`, if that is exactly `request`, sound and with a content-length."""
    end = data.find(END_OF_HEAD) + len(END_OF_HEAD)
    head = request.head
    if head is None or head.problem or request.upgrade or not request.complete or len(data) - end != request.size:
        return None
    field = data.lower().find(LENGTH_FIELD, 0, end)
    if field < 0:
        return None
    position = field + len(LENGTH_FIELD)
    while data[position : position + 1] in SPACE:
        position += 1
    after = data.find(b"\r", position, end)
    return Stencil(data[:position], data[after:end], request, head, limits) if data[position:after].isdigit() else None
