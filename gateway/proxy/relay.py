"""One permitted request on its way: sent upstream, its answer carried back under a lease, cut when the permission ends.

A `Relay` can only be made with a `Permit`. Its lease is held from the turn of the loop in which the permit was given; whoever
waits in between looks at `_over` afterwards, so nothing is admitted and missed.
"""

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gateway.dialects import cut_event
from gateway.dialects.failure import final_event
from gateway.policy.decision import Denial, Permit
from gateway.proxy.answer import ResponseHead
from gateway.proxy.departure import STILL_LEAVING, Departure, has_left, unsent
from gateway.proxy.link import JOIN_BELOW, Link
from gateway.proxy.message import marks, request_head, response_head, whole_answer
from gateway.proxy.request import Request
from gateway.proxy.upstream import Upstream, UpstreamUnavailableError
from gateway.proxy.whole import WholeAnswer
from gateway.wire.streams import Hold, hold_for

if TYPE_CHECKING:
    from gateway.proxy.journey import Gate
    from gateway.proxy.listener import Connection

LAST_CHUNK: Final = b"0\r\n\r\n"
NO_LINGER: Final = struct.pack("ii", 1, 0)


class Relay(Struct, eq=False):
    """An exchange and a lease in one. `held` belongs to the lease book; `client_address` is what goes into X-Forwarded-For."""

    _gate: "Gate"
    _connection: "Connection"
    request: Request
    permit: Permit
    _upstream: Upstream
    bodiless: bool = False
    client_address: str = ""
    held: bool = False
    streaming: bool = False
    status: int = 0
    bytes_sent: int = 0
    _link: Link | None = None
    _task: asyncio.Task[None] | None = None
    _events: Hold | None = None
    _chunked: bool = False
    _reusable: bool = True
    _started: bool = False
    _retried: bool = False
    _over: bool = False
    _departing: bool = False
    _sent_at: float = 0.0

    def __repr__(self) -> str:
        state = "over" if self._over else "answering" if self._started else "asking"
        return f"<Relay {self.permit.model.id} {state} by {self._link}>"

    @property
    def over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._over

    @property
    def seconds(self) -> float:
        """How long ago the request's first byte came."""
        return self._gate.now() - self.request.started

    def start(self) -> None:
        """Send the request at once if a link is idle; else when one has been opened."""
        self._gate.leases.hold(self)
        link = self._upstream.take()
        if link is None:
            self._task = self._gate.loop.create_task(self._reach())
        else:
            self._send(link)

    # -- the lease ----------------------------------------------------------------------------------------------------

    def cut(self, denial: Denial) -> None:
        """The permission has ended: stop the upstream, then tell the caller in the way that its answer allows."""
        if self._over:
            return
        self._stop_upstream()
        self._gate.witness.on_cut(self, denial)
        if not self._started:
            self._finish_with_refusal(denial)
        elif self._events is not None and unsent(self._connection.transport) <= STILL_LEAVING:
            self._end_events(denial, self._events)
        else:
            self._break_off()
        self._end()

    @property
    def leaving(self) -> bool:
        """Whether last bytes of this exchange, which was cut, still wait in this process for their reader."""
        connection = self._connection
        return connection.relay is self and not connection.closed and connection.transport.get_write_buffer_size() > 0

    def end_for_drain(self) -> None:
        """The gate ends and this answer still runs: stop the upstream, tell the caller that it may try elsewhere."""
        if self._over:
            return
        self._stop_upstream()
        self._gate.witness.on_broken(self)
        route = self.request.route
        if self._started and self._events is not None and route is not None:
            self._last_event(final_event(route.dialect, "The gateway is restarting; try again.", self.request.id), self._events)
            self._end()
        elif self._started:
            self._break_off()
            self._end()
        else:
            self._fail(503, "the gateway is restarting; try again")

    # -- the upstream's side ------------------------------------------------------------------------------------------

    def deliver(self, head: ResponseHead | None, chunks: list[bytes], *, complete: bool) -> None:
        """Pass on what one read upstream brought, as one write."""
        if self._over:
            return
        out: list[bytes] = []
        if head is not None:
            self._begin_answer(head, out)
        if self._events is not None:
            chunks = self._whole_events(chunks, self._events, complete=complete)
        if chunks:
            size = sum(map(len, chunks))
            self.bytes_sent += size
            if self._chunked:
                out.append(b"%x\r\n" % size)
                out += chunks
                out.append(b"\r\n")
            else:
                out += chunks
        if complete and self._chunked:
            out.append(LAST_CHUNK)
        if complete:
            self._link = None
        self._write(out)
        if complete:
            self._complete()

    def deliver_chunk(self, data: bytes, size: int) -> None:
        """Pass on one whole chunk: as it came, if it ends with a whole event or the answer has none."""
        if self._over:
            return
        if self._chunked and (self._events is None or self._events.lets_pass(data, size)):
            self.bytes_sent += size
            self._connection.transport.write(data)
        else:
            self.deliver(None, [data[-size - 2 : -2]], complete=False)

    def deliver_whole(self, answer: WholeAnswer) -> None:
        """Pass on an answer that came whole: one write, and the end."""
        if self._over:
            return
        gate, request = self._gate, self.request
        self._link = None
        self._started = True
        self.status = answer.status
        self.bytes_sent = len(answer.body)
        gate.witness.on_answer(self, gate.now() - self._sent_at)
        keep = request.keep_alive and not gate.doors.draining
        self._connection.transport.write(whole_answer(answer, marks(request.number, self.permit.revision), keep=keep))
        self._complete()

    def on_switched(self, link: Link, head: ResponseHead, rest: bytes) -> None:
        """Nothing was to be upgraded: what follows has no meaning."""
        del head, rest
        link.drop()
        self.on_link_lost("the upstream sent what is not HTTP/1.1", untouched=False)

    def on_link_lost(self, problem: str, *, untouched: bool) -> None:
        """An idle link that closed under us is replaced once; an answer that has begun is broken off, never ended."""
        self._link = None
        if self._over:
            return
        if untouched and not self._retried:
            self._retried = True
            self._task = self._gate.loop.create_task(self._reach())
            return
        self._gate.witness.on_upstream_failed(self._upstream.name)
        if self._started:
            self._gate.witness.on_broken(self)
            self._break_off()
            self._end()
        else:
            self._fail(504 if problem.endswith("too long") else 502, problem)

    # -- the caller's side --------------------------------------------------------------------------------------------

    def on_client_gone(self) -> None:
        """Nobody listens: nothing more is to be generated."""
        if self._departing and not self._over:
            self._end()
        elif not self._over:
            self._gate.witness.on_client_gone(self)
            self._stop_upstream()
            self._end()

    def on_left(self) -> None:
        """The whole answer is on its way, and nothing of it here any more."""
        self._end()
        self._connection.finish(reusable=self._reusable)

    def pause(self) -> None:
        """The caller is slower than the upstream."""
        if self._link is not None:
            self._link.pause()

    def resume(self) -> None:
        """The caller has caught up."""
        if self._link is not None:
            self._link.resume()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _complete(self) -> None:
        """The answer is whole: the lease ends now or, where it waits for its reader, when it has left."""
        self._events = None
        if has_left(self._connection, self.bytes_sent):
            self.on_left()
        else:
            self._depart()

    def _depart(self) -> None:
        """Nothing more is to come; the lease is held until what has come has left."""
        self._departing = True
        Departure(self, self._connection, self._gate.loop, self._gate.limits.write_timeout)

    async def _reach(self) -> None:
        try:
            link = await self._upstream.reach(self.permit.request.subject.organisation)
        except UpstreamUnavailableError as error:
            self._task = None
            if not self._over:
                self._gate.witness.on_upstream_failed(self._upstream.name)
                self._fail(503 if "busy" in str(error) else 502, f"the upstream cannot be reached: {error}")
            return
        self._task = None
        if self._over:
            link.endpoint.release(link)
        else:
            self._send(link)

    def _send(self, link: Link) -> None:
        self._link = link
        self._sent_at = self._gate.now()
        upstream = self._upstream
        introduced = upstream.introduce(self.permit, self.request.number)
        head = request_head(self.request, link.endpoint, upstream.credential, self.client_address, self._gate.scheme, introduced)
        link.carry(self, head, self.request.whole_body())

    def _begin_answer(self, head: ResponseHead, out: list[bytes]) -> None:
        self._started = True
        self.status = head.status
        self.request.forget()
        self._chunked = head.framing in ("chunked", "close") and self.request.version == "1.1"
        self._reusable = self._chunked or head.framing in ("length", "none")
        hold = hold_for(self.request.route, head.content_type) if head.content_type else None
        if hold is not None and not head.compressed and head.framing != "length":
            self._events = hold
        self.streaming = hold is not None
        self._gate.witness.on_answer(self, self._gate.now() - self._sent_at)
        out.append(
            response_head(
                head,
                marks(self.request.number, self.permit.revision),
                chunked=self._chunked,
                keep=self._reusable and self.request.keep_alive and not self._gate.doors.draining,
            )
        )

    def _whole_events(self, chunks: list[bytes], events: Hold, *, complete: bool) -> list[bytes]:
        """A cut must never leave half an event before its error event, so a half one waits for its rest."""
        whole = [part for chunk in chunks if (part := events.feed(chunk))]
        if complete and (rest := events.finish()):
            whole.append(rest)
        return whole

    def _write(self, out: list[bytes]) -> None:
        transport = self._connection.transport
        if len(out) == 1:
            transport.write(out[0])
        elif out:
            if sum(map(len, out)) < JOIN_BELOW:
                transport.write(b"".join(out))
            else:
                transport.writelines(out)

    def _end_events(self, denial: Denial, events: Hold) -> None:
        """Say why in the caller's dialect."""
        route = self.request.route
        if route is not None:
            self._last_event(cut_event(route.dialect, self._gate.replies.refusal_of(denial, self.request, conceal=False)), events)

    def _last_event(self, event: bytes, events: Hold) -> None:
        """The transfer itself is left unended, so that no reader takes it for a whole answer."""
        data = events.last(event)
        if data:
            self._write([b"%x\r\n" % len(data), data, b"\r\n"] if self._chunked else [data])
        self._connection.close_soon()

    def _break_off(self) -> None:
        """Reset the connection: what waits in the kernel's buffer is not delivered either."""
        sock: socket.socket | None = self._connection.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._connection.abort()

    def _finish_with_refusal(self, denial: Denial) -> None:
        self._connection.relay = None
        self._gate.replies.answer_refusal(self._connection, self.request, self._gate.replies.refusal_of(denial, self.request))

    def _fail(self, status: int, problem: str) -> None:
        """The upstream did not answer: say so in the caller's dialect; the caller may try again."""
        self._end()
        self._connection.relay = None
        self._gate.replies.fail(self._connection, self.request, status, problem)

    def _stop_upstream(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.drop()

    def _end(self) -> None:
        self._over = True
        self._gate.leases.release(self)
        self._gate.witness.on_end(self)
