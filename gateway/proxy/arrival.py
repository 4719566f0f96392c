"""Requests read off the bytes of one connection: what the parser tells, and the bounds on what may come.

What cannot be read in one way only has no certain meaning, and nothing after it has.
"""

from collections import deque
from typing import TYPE_CHECKING, Final

import httptools

from gateway.proxy.heads import Head, Stencil, stencil_of
from gateway.proxy.request import Request
from gateway.wire.fields import length_problem

if TYPE_CHECKING:
    from gateway.proxy.journey import Gate

PIPELINED: Final = 64  # requests of one connection that wait for their turn; one read could hold thousands
CONTENT_LENGTH: Final = b"content-length"
VERSIONS: Final = frozenset(("1.1", "1.0"))
BAD_REQUEST: Final = 400
TOO_LARGE: Final = 413
URI_TOO_LONG: Final = 414
FIELDS_TOO_LARGE: Final = 431


class Arrival:
    """What has arrived of requests on one connection: those whose head is read wait in `queue`, `request` is the one still coming.

    `head` is the last one that was read. `repeated`: the last bytes fed were one whole request with that very head.
    """

    __slots__ = ("_bytes", "_gate", "_known", "_parser", "head", "in_head", "queue", "repeated", "request")

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._parser = httptools.HttpRequestParser(self)
        self._bytes = 0
        self._known = False
        self.request: Request | None = None
        self.in_head = False
        self.queue: deque[Request] = deque()
        self.head: Head | None = None
        self.repeated = False

    def __repr__(self) -> str:
        return f"<Arrival {self.request!r} {len(self.queue)} waiting>"

    def feed(self, data: bytes) -> tuple[str, int] | None:
        """Read on. Where it cannot go on: what is wrong, and the status that says so."""
        self._bytes += len(data)
        between = self.request is None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if upgrade.args[0] < len(data) and self.queue:
                self.queue[-1].problem = "bytes follow the request for an upgrade before it was answered"
        except httptools.HttpParserError as error:
            return str(error), BAD_REQUEST
        if self.request is not None and self._bytes > self._gate.limits.headers_bytes:
            return "the request head is too large" if self.in_head else "too much between parts of the body or after it", FIELDS_TOO_LARGE
        self.repeated = self._known and between and len(self.queue) == 1 and self.request is None
        self._known = False
        return None

    def stencil(self, data: bytes) -> Stencil | None:
        """By which requests like the one that `data` was can be known without the parser."""
        return stencil_of(data, self.queue[0], self._gate.limits)

    def forget(self) -> None:
        """What is still to come has no meaning."""
        self.request, self.in_head = None, False
        self.queue.clear()

    def close(self) -> None:
        """Nothing more comes: let go of the parser, which would keep both alive in a cycle."""
        self.forget()
        del self._parser

    # -- the parser's calls -------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request's first byte. What is pipelined beyond the limit is not read: the answer to the last one read says close."""
        if len(self.queue) >= PIPELINED:
            self.queue[-1].keep_alive = False
            return
        self.request = Request(self._gate.now())
        self.in_head = True
        self._bytes = 0

    def on_url(self, url: bytes) -> None:
        """Part of the request target."""
        if self.request is not None:
            self.request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of the head; fields after the body (trailers) are dropped."""
        request = self.request
        if self.in_head and request is not None:
            name = name.lower()
            if name == CONTENT_LENGTH:  # the parser's matter, and all that differs between the heads of most requests
                request.length = value
                request.problem = request.problem or length_problem(value) or ""
            else:
                request.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole; it is judged when everything that came with it has been read."""
        request, parser = self.request, self._parser
        self.in_head = False
        self._bytes = 0
        if request is None:
            return
        request.version = parser.get_http_version()
        request.upgrade = parser.should_upgrade()
        if request.upgrade and request.length:
            request.headers.append((CONTENT_LENGTH, request.length))
        request.keep_alive = parser.should_keep_alive() and not request.upgrade  # what follows has another meaning, or none
        self._check_head(request)
        self._known = self._gate.read_head(self, request, parser.get_method())
        self.queue.append(request)

    def on_body(self, data: bytes) -> None:
        """Part of the body: kept until the whole is judged, within the limit and at a pace."""
        self._bytes = 0  # chunk extensions and trailers are counted from here
        request = self.request
        if request is None or request.problem:
            return
        request.size += len(data)
        if request.size > self._gate.limits.body:
            request.problem, request.status = f"the body is over {self._gate.limits.body} bytes", TOO_LARGE
            request.body.clear()
        else:
            request.body.append(data)
            if len(request.body) >= request.loose:
                request.gather()

    def on_message_complete(self) -> None:
        """The request is whole."""
        request, self.request = self.request, None
        if request is not None:
            request.complete = True

    # -- inside -------------------------------------------------------------------------------------------------------

    def _check_head(self, request: Request) -> None:
        limits = self._gate.limits
        if request.version not in VERSIONS:
            request.problem = "the HTTP version is neither 1.1 nor 1.0"  # not 505: a 5xx is a failure of ours
        elif request.version == "1.0" and any(name == b"transfer-encoding" for name, _ in request.headers):
            request.problem = "transfer-encoding: there is none in HTTP/1.0"  # RFC 9112 section 6.1: its framing is faulty
        elif len(request.target) > limits.request_line:
            request.problem, request.status = "the request target is too long", URI_TOO_LONG
        elif len(request.headers) > limits.headers_count or sum(len(n) + len(v) + 4 for n, v in request.headers) > limits.headers_bytes:
            request.problem, request.status = "the request head is too large", FIELDS_TOO_LARGE
        elif request.length.isdigit() and int(request.length) > limits.body:
            request.problem, request.status = f"the body is over {limits.body} bytes", TOO_LARGE
