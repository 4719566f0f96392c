"""The callers' side of the relay: one protocol per connection, one request served at a time.

Two rules. What cannot be read in one way only is refused and the connection closed. Whatever is on the wire is bounded:
the head by bytes, fields and time, the body by bytes and pace, the answer by what the caller is ready to take.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

import httptools

from gateway.identity.binding import thumbprint_of
from gateway.proxy.deadlines import NEVER
from gateway.proxy.heads import Head, Stencil, stencil_of
from gateway.proxy.request import Request
from gateway.wire.fields import length_problem

if TYPE_CHECKING:
    from gateway.proxy.journey import Gate
    from gateway.proxy.relay import Relay

PACE: Final = 16_384  # bytes per second that a body must keep up after the first `body_timeout` seconds
LINGER: Final = 2.0  # seconds in which a refused caller may still be sending before the connection is closed
LINGER_BYTES: Final = 1 << 20
PIPELINED: Final = 64  # requests of one connection that wait for their turn; one read could hold thousands
CONTENT_LENGTH: Final = b"content-length"
VERSIONS: Final = frozenset(("1.1", "1.0"))


class Connection(asyncio.Protocol):
    """One caller's connection. `peer`: the client's address, where the proxy in front has said it; else the socket's.

    `thumbprint` names the certificate that the client has shown, empty where it has shown none. The parser fills `_arriving`;
    `_serving` is the request being answered; others queue.
    """

    __slots__ = (
        "_arriving",
        "_gate",
        "_head_bytes",
        "_in_head",
        "_lingering",
        "_parser",
        "_queue",
        "_reading_paused",
        "_repeated",
        "_serving",
        "_stencil",
        "closed",
        "deadline",
        "head",
        "peer",
        "relay",
        "thumbprint",
        "transport",
        "writing_paused",
    )

    def __init__(self, gate: "Gate", peer: str = "") -> None:
        self._gate = gate
        self._parser = httptools.HttpRequestParser(self)
        self._arriving: Request | None = None
        self._serving: Request | None = None
        self._queue: deque[Request] = deque()
        self._head_bytes = 0
        self._in_head = False
        self._lingering = 0
        self._reading_paused = False
        self._repeated = False
        self._stencil: Stencil | None = None
        self.writing_paused = False
        self.closed = False
        self.deadline = NEVER
        self.peer = peer
        self.thumbprint = ""
        self.head: Head | None = None
        self.relay: Relay | None = None
        self.transport: asyncio.Transport = None  # type: ignore[assignment] # set by connection_made before any other call

    def __repr__(self) -> str:
        state = "closed" if self.closed else "serving" if self._serving else "arriving" if self._arriving else "idle"
        return f"<Connection from {self.peer} {state}>"

    # -- the transport's calls ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, unless the gate has as many as it may."""
        self.transport = transport  # type: ignore[assignment] # a stream server hands out stream transports
        if not self.peer:
            peer = transport.get_extra_info("peername")
            self.peer = peer[0] if isinstance(peer, tuple) else ""
        if (secured := transport.get_extra_info("ssl_object")) is not None:
            self.thumbprint = thumbprint_of(secured.getpeercert(binary_form=True))
        self.transport.set_write_buffer_limits(high=self._gate.limits.buffer)
        self.deadline = self._gate.now() + self._gate.limits.header_timeout
        self._gate.doors.admit(self, self._gate.limits)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; what it cannot read ends the connection."""
        if self._lingering:
            self._discard(data)
            return
        if self._stencil is not None and self._serve_known(data, self._stencil):
            return
        self._head_bytes += len(data)
        between = self._arriving is None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if upgrade.args[0] < len(data) and self._queue:
                self._queue[-1].problem = "bytes follow the request for an upgrade before it was answered"
        except httptools.HttpParserError as error:
            self._unreadable(str(error))
            return
        if self._arriving is not None and self._head_bytes > self._gate.limits.headers_bytes:
            self._unreadable("the request head is too large" if self._in_head else "too much between parts of the body or after it", 431)
            return
        if self._repeated:
            self._repeated = False
            if between and len(self._queue) == 1 and self._arriving is None and self._serving is None:
                self._stencil = stencil_of(data, self._queue[0], self._gate.limits)
        self._advance()

    def eof_received(self) -> bool:
        """The caller is gone: nothing more is generated for it."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel what runs upstream and forget the connection."""
        del exc
        self.closed = True
        self.deadline = NEVER
        self._gate.doors.dismiss(self)
        self._queue.clear()
        self._arriving = None
        serving, self._serving = self._serving, None
        relay, self.relay = self.relay, None  # with the parser, what would keep a closed connection alive in a cycle
        del self._parser
        if relay is not None:
            relay.on_client_gone()
        elif serving is not None:
            self._gate.witness.on_abandoned()

    def pause_writing(self) -> None:
        """The caller reads slower than the upstream writes: stop reading there."""
        self.writing_paused = True
        self.deadline = self._gate.now() + self._gate.limits.write_timeout
        if self.relay is not None:
            self.relay.pause()

    def resume_writing(self) -> None:
        """The caller has caught up; between two requests, the next one is served."""
        self.writing_paused = False
        if self.transport.is_closing():
            return  # the deadline by which it must have left stands
        if self.relay is not None:
            self.deadline = NEVER
            self.relay.resume()
        elif self._serving is not None:
            self._bound(self._serving)
        elif not self._lingering:
            self.deadline = self._gate.now() + self._gate.limits.idle_timeout
            self._await_next()

    def on_deadline(self) -> None:
        """Too slow: a request that never arrived, an idle connection, an answer that is not taken."""
        self.deadline = NEVER
        if self.writing_paused or self._lingering or self._arriving is None:
            self.abort()
        else:
            self._unreadable("the request took too long to arrive", 408)

    # -- the parser's calls -------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request's first byte. What is pipelined beyond the limit is not read: the answer to the last one read says close."""
        if len(self._queue) >= PIPELINED:
            self._queue[-1].keep_alive = False
            return
        self._arriving = Request(self._gate.now())
        self._in_head = True
        self._head_bytes = 0
        if self._serving is None:
            self.deadline = self._arriving.started + self._gate.limits.header_timeout

    def on_url(self, url: bytes) -> None:
        """Part of the request target."""
        request = self._arriving
        if request is not None:
            request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of the head; fields after the body (trailers) are dropped."""
        request = self._arriving
        if self._in_head and request is not None:
            name = name.lower()
            if name == CONTENT_LENGTH:  # the parser's matter, and all that differs between the heads of most requests
                request.length = value
                request.problem = request.problem or length_problem(value) or ""
            else:
                request.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole; it is judged when everything that came with it has been read."""
        request = self._arriving
        self._in_head = False
        self._head_bytes = 0
        if request is None:
            return
        request.version = self._parser.get_http_version()
        request.upgrade = self._parser.should_upgrade()
        if request.upgrade and request.length:
            request.headers.append((CONTENT_LENGTH, request.length))
        request.keep_alive = self._parser.should_keep_alive() and not request.upgrade  # what follows has another meaning, or none
        self._check_head(request)
        self._repeated = self._gate.read_head(self, request, self._parser.get_method())
        self._queue.append(request)

    def on_body(self, data: bytes) -> None:
        """Part of the body: kept until the whole is judged, within the limit and at a pace."""
        self._head_bytes = 0  # chunk extensions and trailers are counted from here
        request = self._arriving
        if request is None or request.problem:
            return
        request.size += len(data)
        if request.size > self._gate.limits.body:
            request.problem, request.status = f"the body is over {self._gate.limits.body} bytes", 413
            request.body.clear()
        else:
            request.body.append(data)
            if len(request.body) >= request.loose:
                request.gather()

    def on_message_complete(self) -> None:
        """The request is whole."""
        request, self._arriving = self._arriving, None
        if request is None:
            return
        request.complete = True

    # -- the journey's calls ------------------------------------------------------------------------------------------

    def finish(self, *, reusable: bool) -> None:
        """The answer has been written: serve the next request, or close."""
        request, self._serving, self.relay = self._serving, None, None
        if self.closed or self.transport.is_closing():
            return
        if request is None or not request.complete:
            self._linger()
        elif not reusable or not request.keep_alive or self._gate.doors.draining:
            self.close_soon()
        elif not self.writing_paused:  # whoever does not take its answers is not served more of them
            self.deadline = self._gate.now() + self._gate.limits.idle_timeout
            self._await_next()

    def hand_over(self, protocol: asyncio.Protocol) -> bool:
        """Give the transport to another protocol after an upgrade; False, and broken off, where the caller did not wait for it.

        That protocol must pass `connection_lost` on.
        """
        if self._queue or self._arriving is not None:
            self.abort()
            return False
        self.transport.set_protocol(protocol)
        return True

    def is_serving(self, request: Request) -> bool:
        """Whether `request` still wants an answer here; asked again after every await."""
        return self._serving is request and not self.closed

    def retire(self) -> None:
        """Close if idle; otherwise the answer under way is the last."""
        if self._serving is None and not self.closed:
            self.transport.close()

    def close_soon(self) -> None:
        """Close when what was written has left, at the latest after the write timeout."""
        self.deadline = self._gate.now() + self._gate.limits.write_timeout
        self._arriving = None
        self.transport.close()

    def abort(self) -> None:
        """Break the connection off: no caller can mistake what it has for a whole answer."""
        if not self.closed:
            self.transport.abort()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Serve the next request, or go on with the one that waits for its body."""
        if self.closed or self._lingering:
            return
        request = self._serving
        if request is None:
            if self.writing_paused:
                self._pause_reading()
                return
            if not self._queue:
                return
            request = self._serving = self._queue.popleft()
            if request.complete:
                self.deadline = NEVER
            else:
                self._bound(request)
            self._gate.begin(self, request)
        elif request.awaits_body:
            self._bound(request)
            if request.complete or request.problem:
                request.awaits_body = False
                self._gate.begin(self, request)  # whoever asked may be nobody by now
        if self._queue:
            self._pause_reading()

    def _await_next(self) -> None:
        if self._reading_paused:
            self._resume_reading()
        if self._queue:
            self._gate.loop.call_soon(self._advance)

    def _serve_known(self, data: bytes, stencil: Stencil) -> bool:
        """Serve `data` if it is one whole request whose head the parser has accepted before on this connection."""
        if self._serving is not None or self._arriving is not None or self._queue or self.writing_paused:
            return False
        request = stencil.fill(data, self._gate.now(), self._gate.limits)
        if request is None:
            return False
        self._serving = request
        self.deadline = NEVER
        self._gate.number(request)
        self._gate.begin(self, request)
        return True

    def _bound(self, request: Request) -> None:
        """Until the body is whole it must keep a pace; after that the upstream's deadlines rule."""
        self.deadline = NEVER if request.complete else request.started + self._gate.limits.body_timeout + request.size / PACE

    def _check_head(self, request: Request) -> None:
        limits = self._gate.limits
        if request.version not in VERSIONS:
            request.problem = "the HTTP version is neither 1.1 nor 1.0"  # not 505: a 5xx is a failure of ours
        elif len(request.target) > limits.request_line:
            request.problem, request.status = "the request target is too long", 414
        elif len(request.headers) > limits.headers_count or sum(len(n) + len(v) + 4 for n, v in request.headers) > limits.headers_bytes:
            request.problem, request.status = "the request head is too large", 431
        elif request.length.isdigit() and int(request.length) > limits.body:
            request.problem, request.status = f"the body is over {limits.body} bytes", 413

    def _unreadable(self, problem: str, status: int = 400) -> None:
        """Refuse what is being read if nothing else is being answered, then close: the bytes after it have no meaning."""
        request = self._arriving or Request(self._gate.now())
        self._arriving, self._in_head = None, False
        self._queue.clear()
        if self._serving is not None and (self._serving is not request or not request.awaits_body):
            self.abort()
            return
        self._serving, request.complete, request.awaits_body = request, False, False
        request.problem, request.status = problem, status
        self._gate.refuse_unreadable(self, request)

    def _linger(self) -> None:
        """Close without losing the refusal: bytes unread at a close would make the kernel reset the connection."""
        self._lingering = LINGER_BYTES
        self._arriving, self._in_head = None, False
        self._queue.clear()
        self.deadline = self._gate.now() + LINGER
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _discard(self, data: bytes) -> None:
        self._lingering -= len(data)
        if self._lingering <= 0:
            self.transport.close()

    def _pause_reading(self) -> None:
        if not self._reading_paused and not self.transport.is_closing():
            self._reading_paused = True
            self.transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._reading_paused and not self.transport.is_closing():
            self._reading_paused = False
            self.transport.resume_reading()
