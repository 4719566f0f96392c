"""Requests that arrive when they arrive, however slow the server is: latency counts from the instant at which each was due.

A closed loop waits for an answer before it asks again, so a server that stands still is asked less and looks better (coordinated
omission). Here the times of arrival are drawn beforehand (exponential gaps, the same for every server); one that finds no free
connection waits for one, and its wait counts. Answers count from the kernel's time of arrival (`stamps.arrival`), so that this
process's own lateness in reading does not.
"""

import gc
import random
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final

from msgspec import Struct

from bench.figures import ranked
from bench.problem import BenchError
from bench.stamps import ANCILLARY, Stamps, arrival
from bench.ticker import Ticker

GRAIN: Final = 50e-6
PATIENCE: Final = 5.0
SEED: Final = 20261127
_PIECE: Final = 65536
_LAST_CHUNK: Final = b"0\r\n\r\n"


class Traffic(Struct, frozen=True):
    """One kind of request: `rate` a second on average, `requests` in turn, all answered with `status`, on `connections` connections."""

    name: str
    requests: Sequence[bytes]
    rate: float
    status: int = 200
    connections: int = 64


class Latency(Struct, frozen=True):
    """Milliseconds from the instant at which a request was due to its answer's last byte. `unanswered` never came.

    `lateness`: the 99th percentile of how late this side sent what found a free connection.
    """

    name: str
    rate: float
    count: int
    p50: float
    p99: float
    p999: float
    greatest: float
    unanswered: int
    lateness: float


class _Connection:
    """One connection and the request that it carries."""

    __slots__ = ("due", "lane", "received", "socket")

    def __init__(self, lane: "_Lane", port: int) -> None:
        self.lane = lane
        self.due = 0.0
        self.received = b""
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Stamps.ask(self.socket)
        self.socket.setblocking(False)  # noqa: FBT003 - the standard library's signature


class _Lane:
    """The connections and arrivals of one kind of traffic. Times on the wall clock, as the kernel's stamps are."""

    def __init__(self, traffic: Traffic, port: int, seconds: float, seed: int) -> None:
        self.traffic = traffic
        self.latencies: list[float] = []
        self.lateness: list[float] = []
        self.number = 0
        self.waiting: deque[float] = deque()
        self.connections = [_Connection(self, port) for _ in range(traffic.connections)]
        self.free = list(self.connections)
        self.arrivals = deque(arrivals(traffic.rate, seconds, seed))

    def send_due(self, begun: float, now: float) -> None:
        """Send what is due and finds a free connection; the rest waits."""
        arrivals, free = self.arrivals, self.free
        while arrivals and begun + arrivals[0] <= now:
            due = begun + arrivals.popleft()
            if free:
                self.lateness.append(now - due)
                self._send(free.pop(), due)
            else:
                self.waiting.append(due)

    def take(self, connection: _Connection, at: float) -> None:
        """An answer is whole: its connection carries the next one that waits."""
        self.latencies.append(at - connection.due)
        if not connection.received.startswith(b"HTTP/1.1 %d " % self.traffic.status):
            raise BenchError(f"{self.traffic.name}: not {self.traffic.status} but {connection.received[:300]!r}")
        connection.received = b""
        if self.waiting:
            self._send(connection, self.waiting.popleft())
        else:
            self.free.append(connection)

    def _send(self, connection: _Connection, due: float) -> None:
        requests = self.traffic.requests
        connection.due = due
        connection.socket.sendall(requests[self.number % len(requests)])
        self.number += 1

    @property
    def pending(self) -> bool:
        """Something has not been asked or answered yet."""
        return bool(self.arrivals) or len(self.free) < len(self.connections)

    @property
    def latency(self) -> Latency:
        """What was seen. Raises BenchError if nothing was answered."""
        if not self.latencies:
            raise BenchError(f"{self.traffic.name}: no answer at all")
        found = sorted(value * 1e3 for value in self.latencies)
        return Latency(
            name=self.traffic.name,
            rate=self.traffic.rate,
            count=len(found),
            p50=ranked(found, 0.5),
            p99=ranked(found, 0.99),
            p999=ranked(found, 0.999),
            greatest=found[-1],
            unanswered=len(self.waiting) + len(self.connections) - len(self.free) + len(self.arrivals),
            lateness=ranked(sorted(self.lateness), 0.99) * 1e3 if self.lateness else 0.0,
        )


def arrivals(rate: float, seconds: float, seed: int = SEED) -> Iterator[float]:
    """Draw the instants of a Poisson process of `rate` a second, seconds from its beginning; the same for the same seed."""
    drawn, at = random.Random(seed), 0.0  # noqa: S311 - no secret
    while (at := at + drawn.expovariate(rate)) < seconds:
        yield at


def open_loop(port: int, traffics: Sequence[Traffic], seconds: float) -> list[Latency]:
    """Run all traffics beside each other for `seconds`, and wait at most PATIENCE seconds more for what was asked.

    Raises BenchError for an answer with another status, or a connection that breaks.
    """
    with ExitStack() as stack:
        stack.enter_context(Stamps())
        lanes = [_Lane(traffic, port, seconds, SEED + number) for number, traffic in enumerate(traffics)]
        for connection in (connection for lane in lanes for connection in lane.connections):
            stack.callback(connection.socket.close)
        ticker, poll = stack.enter_context(Ticker(GRAIN)), select.epoll()
        stack.callback(poll.close)
        gc.collect()
        gc.disable()  # a collection of everything drawn beforehand takes 40 ms, and what is due meanwhile would seem the server's
        stack.callback(gc.enable)
        _run(lanes, ticker, poll, seconds)
        return [lane.latency for lane in lanes]


def _run(lanes: Sequence[_Lane], ticker: Ticker, poll: select.epoll, seconds: float) -> None:
    connections = {connection.socket.fileno(): connection for lane in lanes for connection in lane.connections}
    for number in (*connections, ticker.fileno()):
        poll.register(number, select.EPOLLIN)
    begun, buffer = time.time(), bytearray(_PIECE)
    deadline = begun + seconds + PATIENCE
    while any(lane.pending for lane in lanes) and time.time() < deadline:
        for number, _ in poll.poll(1.0):
            connection = connections.get(number)
            if connection is None:
                ticker.clear()
            else:
                _read(connection, buffer)
        now = time.time()
        for lane in lanes:
            lane.send_due(begun, now)


def _read(connection: _Connection, buffer: bytearray) -> None:
    size, ancillary, _, _ = connection.socket.recvmsg_into([buffer], ANCILLARY)
    if not size:
        raise BenchError(f"{connection.lane.traffic.name}: a connection was closed under way: {connection.received[-200:]!r}")
    connection.received += buffer[:size]
    if is_whole(connection.received):
        connection.lane.take(connection, arrival(ancillary))


def is_whole(received: bytes) -> bool:
    """Whether one answer is complete, by its length or its last chunk (RFC 9112, 6)."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = received[: end + 2].lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        return received.endswith(_LAST_CHUNK)
    return len(received) >= end + 4 + int(head[at + 17 : head.index(b"\r\n", at + 2)])
