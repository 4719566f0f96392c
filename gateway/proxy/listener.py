"""The callers' side of the relay: one protocol per connection, one request served at a time.

Two rules. What cannot be read in one way only is refused and the connection closed. Whatever is on the wire is bounded:
the head by bytes, fields and time, the body by bytes and pace, the answer by what the caller is ready to take.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from gateway.identity.binding import thumbprint_of
from gateway.proxy.arrival import BAD_REQUEST, Arrival
from gateway.proxy.deadlines import NEVER
from gateway.proxy.heads import Stencil
from gateway.proxy.request import Request

if TYPE_CHECKING:
    from gateway.proxy.journey import Gate
    from gateway.proxy.relay import Relay

PACE: Final = 16_384  # bytes per second that a body must keep up after the first `body_timeout` seconds
LINGER: Final = 2.0  # seconds in which a refused caller may still be sending before the connection is closed
LINGER_BYTES: Final = 1 << 20
REQUEST_TIMEOUT: Final = 408


class Connection(asyncio.Protocol):
    """One caller's connection. `peer`: the client's address, where the proxy in front has said it; else the socket's.

    `thumbprint` names the certificate that the client has shown, empty where it has shown none. `_serving` is the request
    being answered; others wait in the arrival. `unlooked`: bytes of answers written since it was last looked whether they leave.
    """

    __slots__ = (
        "_arrival",
        "_gate",
        "_lingering",
        "_reading_paused",
        "_serving",
        "_stencil",
        "closed",
        "deadline",
        "peer",
        "relay",
        "thumbprint",
        "transport",
        "unlooked",
        "writing_paused",
    )

    def __init__(self, gate: "Gate", peer: str = "") -> None:
        self._gate = gate
        self._arrival = Arrival(gate)
        self._serving: Request | None = None
        self._lingering = 0
        self._reading_paused = False
        self._stencil: Stencil | None = None
        self.writing_paused = False
        self.unlooked = 0
        self.closed = False
        self.deadline = NEVER
        self.peer = peer
        self.thumbprint = ""
        self.relay: Relay | None = None
        self.transport: asyncio.Transport = None  # type: ignore[assignment] # set by connection_made before any other call

    def __repr__(self) -> str:
        state = "closed" if self.closed else "serving" if self._serving else "arriving" if self._arrival.request else "idle"
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
        arrival = self._arrival
        problem = arrival.feed(data)
        if problem is not None:
            self._unreadable(*problem)
            return
        if self._serving is None:
            if arrival.repeated:
                self._stencil = arrival.stencil(data)
            elif arrival.in_head and arrival.request is not None:
                self.deadline = arrival.request.started + self._gate.limits.header_timeout
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
        self._arrival.close()
        serving, self._serving = self._serving, None
        relay, self.relay = self.relay, None  # it would keep a closed connection alive in a cycle
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
        if self.writing_paused or self._lingering or self._arrival.request is None:
            self.abort()
        else:
            self._unreadable("the request took too long to arrive", REQUEST_TIMEOUT)

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
        if self._arrival.queue or self._arrival.request is not None:
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
        self._arrival.request = None
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
            if not self._arrival.queue:
                return
            request = self._serving = self._arrival.queue.popleft()
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
        if self._arrival.queue:
            self._pause_reading()

    def _await_next(self) -> None:
        if self._reading_paused:
            self._resume_reading()
        if self._arrival.queue:
            self._gate.loop.call_soon(self._advance)

    def _serve_known(self, data: bytes, stencil: Stencil) -> bool:
        """Serve `data` if it is one whole request whose head the parser has accepted before on this connection."""
        arrival = self._arrival
        if self._serving is not None or arrival.request is not None or arrival.queue or self.writing_paused:
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

    def _unreadable(self, problem: str, status: int = BAD_REQUEST) -> None:
        """Refuse what is being read if nothing else is being answered, then close: the bytes after it have no meaning."""
        request = self._arrival.request or Request(self._gate.now())
        self._arrival.forget()
        if self._serving is not None and (self._serving is not request or not request.awaits_body):
            self.abort()
            return
        self._serving, request.complete, request.awaits_body = request, False, False
        request.problem, request.status = problem, status
        self._gate.refuse_unreadable(self, request)

    def _linger(self) -> None:
        """Close without losing the refusal: bytes unread at a close would make the kernel reset the connection."""
        self._lingering = LINGER_BYTES
        self._arrival.forget()
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
