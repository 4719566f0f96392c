"""The readers of many streams in one process without a loop of its own: what is measured on them must not wait for them.

Every time is the kernel's: the instant at which the bytes reached the socket (SO_TIMESTAMPNS, socket(7)), on the wall clock, whenever
this process comes to read them. So a reader that is late does not make a server look late.
"""

import errno
import select
import socket
import time
from collections.abc import Iterable, Sequence
from typing import Final

from bench.problem import BenchError
from bench.stamps import ANCILLARY, Stamps, arrival

AT_ONCE: Final = 200
OPEN_DEADLINE: Final = 60.0
HEAD: Final = 4096
_PIECE: Final = 65536
_GRAIN: Final = 0.05


class Listener:
    """One stream. Seconds: `last_at` and `ended_at` on the wall clock (0: has not ended), `gap` the longest between two arrivals."""

    __slots__ = ("begun", "ended_at", "gap", "head", "last_at", "organisation", "socket")

    def __init__(self, organisation: str, opened: socket.socket) -> None:
        self.organisation = organisation
        self.socket = opened
        self.begun = False
        self.head = b""
        self.last_at = 0.0
        self.ended_at = 0.0
        self.gap = 0.0

    def __repr__(self) -> str:
        return f"<Listener of {self.organisation}, {'ended' if self.ended_at else 'open'}>"

    def longest_gap(self, now: float) -> float:
        """The longest since `forget_gaps`, the one that still lasts at `now` included."""
        return max(self.gap, now - self.last_at)


class Audience:
    """All listeners of one server. They are read only while `listen` or `open` runs; what comes in between waits in the kernel."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stamps = Stamps()
        self._poll = select.epoll()
        self._listening: dict[int, Listener] = {}
        self._buffer = bytearray(_PIECE)

    def __repr__(self) -> str:
        return f"<Audience of {len(self._listening)} on port {self._port}>"

    @property
    def listeners(self) -> list[Listener]:
        """Whose streams stand."""
        return list(self._listening.values())

    def open(self, requests: Sequence[tuple[str, bytes]]) -> None:
        """Send each request (with the name of its organisation) on a connection of its own; wait for every first event.

        Raises BenchError if a stream is refused or does not begin.
        """
        for first in range(0, len(requests), AT_ONCE):
            fresh = [self._connect(organisation, request) for organisation, request in requests[first : first + AT_ONCE]]
            deadline = time.monotonic() + OPEN_DEADLINE
            while not all(one.begun or one.ended_at for one in fresh) and time.monotonic() < deadline:
                self._read(_GRAIN)
            for one in fresh:
                if not one.head.startswith(b"HTTP/1.1 200 ") or not one.begun:
                    raise BenchError(f"a stream of {one.organisation} was refused: {one.head[:80]!r} ... {one.head[-300:]!r}")

    def ask(self, request: bytes) -> float:
        """Open one stream and wait for its first event; gives when it was asked for, on a connection that stood before (epoch seconds)."""
        one = self._enter("")
        began = time.time()
        one.socket.sendall(request)
        deadline = time.monotonic() + OPEN_DEADLINE
        while not one.begun and not one.ended_at and time.monotonic() < deadline:
            self._read(_GRAIN)
        if not one.begun:
            raise BenchError(f"a stream did not begin: {one.head[:300]!r}")
        return began

    def listen(self, seconds: float, until: Iterable[Listener] = ()) -> None:
        """Read for `seconds`, and then until all of `until` have ended. Raises BenchError if they do not for `OPEN_DEADLINE` more."""
        end, waiting = time.monotonic() + seconds, list(until)
        while (left := end - time.monotonic()) > 0:
            self._read(min(left, _GRAIN))
        while waiting := [one for one in waiting if not one.ended_at]:
            if time.monotonic() > end + OPEN_DEADLINE:
                raise BenchError(f"{len(waiting)} streams still run {seconds + OPEN_DEADLINE:.0f} s after the edit that revoked them")
            self._read(_GRAIN)

    def forget_gaps(self) -> None:
        """Begin to look for the longest gaps anew; the one under way counts from its beginning."""
        for one in self._listening.values():
            one.gap = 0.0

    def close(self) -> None:
        """Leave every stream."""
        for one in self._listening.values():
            one.socket.close()
        self._listening.clear()
        self._poll.close()
        self._stamps.close()

    def _connect(self, organisation: str, request: bytes) -> Listener:
        one = self._enter(organisation)
        one.socket.sendall(request)
        return one

    def _enter(self, organisation: str) -> Listener:
        """Connect; the kernel stamps what comes from now on."""
        opened = socket.create_connection(("127.0.0.1", self._port), OPEN_DEADLINE)
        self._stamps.ask(opened)
        opened.setblocking(False)  # noqa: FBT003 - the standard library's signature
        one = self._listening[opened.fileno()] = Listener(organisation, opened)
        self._poll.register(opened, select.EPOLLIN)
        return one

    def _read(self, seconds: float) -> None:
        listening, buffer = self._listening, self._buffer
        pieces = [buffer]
        for number, _ in self._poll.poll(seconds):
            one = listening[number]
            try:
                size, ancillary, _, _ = one.socket.recvmsg_into(pieces, ANCILLARY)
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno not in (errno.ECONNRESET, errno.EPIPE):
                    raise
                size, ancillary = 0, []
            if not size:
                self._ended(number, one)
                continue
            came = arrival(ancillary)
            if one.last_at and came - one.last_at > one.gap:
                one.gap = came - one.last_at
            one.last_at = came
            if not one.begun:
                one.head = (one.head + buffer[:size])[:HEAD]
                one.begun = b"data: " in one.head

    def _ended(self, number: int, one: Listener) -> None:
        one.ended_at = time.time()
        self._poll.unregister(number)
        one.socket.close()
        del self._listening[number]
