"""One connection to an inference API: carries one exchange at a time, reads its answer, and is used again if nothing is odd.

Everything read in one go is handed over in one go (`Exchange.deliver`), so that one read upstream is one write downstream.
"""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

import httptools

from gateway.proxy.answer import ODD, ResponseHead, read_answer_head
from gateway.proxy.chunk import size_of_chunk
from gateway.proxy.deadlines import NEVER
from gateway.proxy.whole import NO_BODY, WholeAnswer, read_whole

if TYPE_CHECKING:
    from gateway.proxy.upstream import Endpoint

CONTINUE_BELOW: Final = 200  # interim answers (RFC 9110 section 15.2)
SWITCHING: Final = 101
OWS: Final = b" \t"  # no part of a value (RFC 9110 section 5.5), but the parser leaves what trails
JOIN_BELOW: Final = 65_536  # bytes up to which one joined write is cheaper than handing over the pieces
MOST_BARREN: Final = 1 << 18  # bytes of heads, interim answers, trailers and extensions in a row that bring no part of a body


class Exchange(Protocol):
    """Who a link works for."""

    bodiless: bool

    def deliver(self, head: ResponseHead | None, chunks: list[bytes], *, complete: bool) -> None:
        """Take what one read brought: the head, if it was in it, parts of the body, and whether that was the end."""

    def deliver_chunk(self, data: bytes, size: int) -> None:
        """Take one whole chunk with its framing, whose content is `size` bytes long."""

    def deliver_whole(self, answer: WholeAnswer) -> None:
        """Take an answer that came whole in one read."""

    def on_switched(self, link: "Link", head: ResponseHead, rest: bytes) -> None:
        """The upstream has changed to another protocol; `rest` came after its head. Take the transport, or drop the link."""

    def on_link_lost(self, problem: str, *, untouched: bool) -> None:
        """The link broke. `untouched`: it had been used before and closed without a byte, so that the request may be sent afresh."""


class Link(asyncio.Protocol):
    """The upstream side of a relay. `deadline` bounds the wait for the first byte, between bytes, and idle life."""

    __slots__ = (
        "_answered",
        "_barren",
        "_between",
        "_chunks",
        "_complete",
        "_exchange",
        "_fresh_head",
        "_head",
        "_headers",
        "_interim",
        "_keep_alive",
        "_parser",
        "_reused",
        "closed",
        "deadline",
        "endpoint",
        "transport",
    )

    def __init__(self, endpoint: "Endpoint") -> None:
        self.endpoint = endpoint
        self.transport: asyncio.Transport = None  # type: ignore[assignment] # set by connection_made before any other call
        self.closed = False
        self.deadline = NEVER
        self._parser = httptools.HttpResponseParser(self)
        self._exchange: Exchange | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []
        self._head: ResponseHead | None = None
        self._fresh_head = False
        self._complete = False
        self._interim = False
        self._keep_alive = False
        self._answered = False
        self._barren = 0
        self._between = False
        self._reused = False

    def __repr__(self) -> str:
        state = "closed" if self.closed else "carrying" if self._exchange is not None else "idle"
        return f"<Link to {self.endpoint.host}:{self.endpoint.port} {state}>"

    def carry(self, exchange: Exchange, head: bytes, body: bytes) -> None:
        """Send one request for `exchange`; its answer goes there."""
        self._exchange = exchange
        self._head = None
        self._barren = 0
        self._complete = self._answered = self._between = False
        self.deadline = self.endpoint.now() + self.endpoint.settings.first_byte_timeout
        if len(body) > JOIN_BELOW:
            self.transport.writelines((head, body))
        else:
            self.transport.write(head + body)

    def drop(self) -> None:
        """Break off at once, so that nothing more is generated upstream."""
        self._exchange = None
        self.deadline = NEVER
        if not self.closed:
            self.transport.abort()

    def pause(self) -> None:
        """Read no more until `resume`: the caller has to catch up."""
        self.deadline = NEVER
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        self.deadline = self.endpoint.now() + self.endpoint.settings.idle_timeout
        if not self.transport.is_closing():
            self.transport.resume_reading()

    # -- the transport's calls ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = transport  # type: ignore[assignment] # create_connection hands out stream transports

    def data_received(self, data: bytes) -> None:
        """Read the answer and hand on what came, unless the process has been standing still."""
        exchange = self._exchange
        if exchange is None:
            self.drop()  # bytes that nobody asked for: this link can be trusted no more
            return
        if monotonic() > self.endpoint.pulse.until:
            self.endpoint.pulse.hold(self, data)
            return
        if self._between:
            if size := size_of_chunk(data):
                self.deadline = self.endpoint.now() + self.endpoint.settings.idle_timeout
                exchange.deliver_chunk(data, size)
                return
        elif not self._answered and not exchange.bodiless and (whole := read_whole(data)) is not None:
            self._free(reusable=True)
            exchange.deliver_whole(whole)
            return
        self._parse(exchange, data)

    def _parse(self, exchange: Exchange, data: bytes) -> None:
        """Let the parser read what does not pass as it is."""
        self._answered = True
        self._between = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._switch(exchange, data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._fail(exchange, "the upstream sent what is not HTTP/1.1")
            return
        if self._exchange is None:
            return
        # a size that has come in part ends otherwise, one that has come whole has begun another chunk
        self._between = self._between and data.endswith(b"\r\n")
        head = self._head if self._fresh_head else None
        self._fresh_head = False
        chunks, self._chunks = self._chunks, []
        if head is not None and head.framing == ODD:
            self._fail(exchange, "the upstream's answer has a coding that nobody asked for")
            return
        self._barren = 0 if chunks or head is not None else self._barren + len(data)
        if self._complete:
            self._settle(exchange, head, chunks)
        elif self._barren > MOST_BARREN:
            self._fail(exchange, "the upstream's answer has too large a head, or too much between its parts")
        else:
            self.deadline = self.endpoint.now() + self.endpoint.settings.idle_timeout
            if head is not None or chunks:
                exchange.deliver(head, chunks, complete=False)

    def eof_received(self) -> bool:
        """The upstream closes; `connection_lost` tells what that means."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Complete what only a close completes (RFC 9112 section 6.3, rule 8); anything else is broken."""
        self.closed = True
        self.deadline = NEVER
        del self._parser  # it would keep a closed link alive in a cycle
        self.endpoint.on_closed(self)
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        if exc is None and self._head is not None and self._head.framing == "close":
            exchange.deliver(None, [], complete=True)
        else:
            exchange.on_link_lost("the upstream closed the connection", untouched=self._reused and not self._answered)

    def on_deadline(self) -> None:
        """Silent for too long."""
        exchange = self._exchange
        if exchange is None:
            self.drop()
        else:
            self._fail(exchange, "the upstream took too long")

    # -- the parser's calls -------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer's first byte; a second answer to one request means that the two sides disagree."""
        self._headers = []
        self._interim = False
        if self._complete:
            self._reused = False
            self.transport.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field; those after the body (trailers) are dropped."""
        if self._head is None:
            self._headers.append((name, value.strip(OWS)))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        status = self._parser.get_status_code()
        if status < CONTINUE_BELOW and status != SWITCHING:
            self._interim = True
            return
        if self._complete:
            return
        self._head = self._read_head(status)
        self._fresh_head = True
        self._keep_alive = self._parser.should_keep_alive()
        if self._exchange is not None and self._exchange.bodiless:
            self._complete = True
            self._parser = httptools.HttpResponseParser(self)  # the old one waits for a body that RFC 9110 section 9.3.2 forbids

    def on_body(self, data: bytes) -> None:
        """Part of the body."""
        if not self._complete:
            self._chunks.append(data)

    def on_chunk_header(self) -> None:
        """A chunk has begun."""
        self._between = False

    def on_chunk_complete(self) -> None:
        """A chunk has ended: what follows is the size of the next."""
        self._between = not self._complete

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was an interim one."""
        if not self._interim:
            self._complete = True

    # -- inside -------------------------------------------------------------------------------------------------------

    def _read_head(self, status: int) -> ResponseHead:
        exchange = self._exchange
        return read_answer_head(status, self._headers, bodiless=status in NO_BODY or (exchange is not None and exchange.bodiless))

    def _settle(self, exchange: Exchange, head: ResponseHead | None, chunks: list[bytes]) -> None:
        """Give the link back before the end is delivered: the next request may want it at once."""
        self._free(reusable=self._keep_alive)
        exchange.deliver(head, chunks, complete=True)

    def _free(self, *, reusable: bool) -> None:
        """Be used again, unless the answer came before the request had left."""
        self._exchange = None
        if reusable and not self.transport.is_closing() and self.transport.get_write_buffer_size() == 0:
            self._reused = True
            self.deadline = self.endpoint.now() + self.endpoint.settings.keepalive
            self.endpoint.release(self)
        else:
            self.transport.close()

    def _switch(self, exchange: Exchange, rest: bytes) -> None:
        head, self._exchange, self.deadline = self._head, None, NEVER
        if head is not None:
            head.headers = [(name.lower(), value) for name, value in head.headers]
            exchange.on_switched(self, head, rest)

    def _fail(self, exchange: Exchange, problem: str) -> None:
        self.drop()
        exchange.on_link_lost(problem, untouched=False)
