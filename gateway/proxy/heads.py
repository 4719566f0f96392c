"""Request heads that have been read: what follows from a head alone, kept for the next request on the connection if its head is the same.

Clients send the same head again and again on one connection. The comparison is of every byte but the content-length's, so nothing is
taken for granted: the same head can only be read in the same way. Who the token belongs to is asked afresh each time.
"""

from typing import Final

from gateway.identity.bearer import find_credential
from gateway.policy.vocabulary import Reason
from gateway.proxy.request import Request
from gateway.wire import headers as head_fields
from gateway.wire.envelope import RequestEnvelope
from gateway.wire.paths import canonical
from gateway.wire.routes import Route, find

NOT_CANONICAL: Final = "the path is not in its canonical form: no dot segments, encoded slashes, doubled slashes or absolute form"


class Head:
    """One head, read. `problem` says why it cannot be served; `forwarded` is what a relay made of it for its endpoint."""

    __slots__ = ("credential", "envelope", "expects_continue", "forwarded", "forwarded_by", "problem", "route", "traced")

    def __init__(self, request: Request, method: bytes) -> None:
        split = canonical(request.target)
        self.problem = (head_fields.check(request.headers) or "") if split is not None else NOT_CANONICAL
        path, query = split or ("", b"")
        self.envelope = RequestEnvelope(method, request.target, path, query, request.headers)
        self.route: Route | None = None if self.problem else find(method, path)
        self.credential: bytes | Reason = Reason.MALFORMED_REQUEST if self.problem else find_credential(request.headers)
        self.expects_continue = any(name == b"expect" and value.lower() == b"100-continue" for name, value in request.headers)
        self.forwarded = b""
        self.traced = False
        self.forwarded_by: object = None

    def __repr__(self) -> str:
        return f"<Head {self.envelope.method!r} {self.envelope.path} {self.problem or 'sound'}>"

    def is_that_of(self, request: Request, method: bytes) -> bool:
        """Whether `request` has this head, byte for byte."""
        envelope = self.envelope
        return request.headers == envelope.headers and request.target == envelope.target and method == envelope.method
