"""A loop that a test turns by hand, and transports in memory: what takes seconds or sockets elsewhere is one plain call here."""

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any


class Handle:
    """A call that may be cancelled."""

    def __init__(self, call: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self.call: Callable[..., object] | None = call
        self.arguments = arguments

    def cancel(self) -> None:
        self.call = None

    def run(self) -> None:
        if self.call is not None:
            self.call(*self.arguments)


class Turns:
    """As much of an event loop as the proxy's protocols ask for. Its seconds pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._soon: deque[Handle] = deque()
        self._later: list[tuple[float, int, Handle]] = []
        self._numbers = itertools.count()

    def __repr__(self) -> str:
        return f"<Turns at {self.now}, {len(self._soon)} now, {len(self._later)} later>"

    def time(self) -> float:
        return self.now

    def call_soon(self, call: Callable[..., object], *arguments: Any) -> Handle:
        handle = Handle(call, arguments)
        self._soon.append(handle)
        return handle

    def call_later(self, delay: float, call: Callable[..., object], *arguments: Any) -> Handle:
        handle = Handle(call, arguments)
        heapq.heappush(self._later, (self.now + delay, next(self._numbers), handle))
        return handle

    def create_task(self, work: Coroutine[Any, Any, None]) -> None:
        work.close()
        raise AssertionError("nothing here waits for anything")

    def run(self) -> None:
        """Make every call that is due."""
        while self._soon:
            self._soon.popleft().run()

    def pass_time(self, seconds: float) -> None:
        """Let seconds pass, with every call that becomes due on the way."""
        self.run()
        end = self.now + seconds
        while self._later and self._later[0][0] <= end:
            self.now, _, handle = heapq.heappop(self._later)
            handle.run()
            self.run()
        self.now = end


class MemoryTransport:
    """One side's transport: `written` is what the protocol wrote; `arrive` hands it bytes when it reads, `leave` is the other side's end.

    `on_write` is called after each write. `stuck`: nothing that is written leaves, as for a peer that does not read.
    """

    def __init__(self, turns: Turns, protocol: Any) -> None:
        self.written = bytearray()
        self.on_write: Callable[[bytes], None] = lambda _data: None
        self.stuck = False
        self.ended = False
        self.lost = False
        self.high = 65_536
        self._turns = turns
        self._protocol = protocol
        self._inbox: deque[bytes] = deque()
        self._closing = False
        self._paused = False

    def __repr__(self) -> str:
        return f"<MemoryTransport {'lost' if self.lost else 'closing' if self._closing else 'open'}>"

    # -- what the test does -------------------------------------------------------------------------------------------

    def arrive(self, data: bytes) -> None:
        """Bytes come; they are read at once, or when reading goes on."""
        self._inbox.append(data)
        self._read()
        self._turns.run()

    def leave(self) -> None:
        """The other side closes."""
        self._turns.run()
        if not self.lost and not self._protocol.eof_received():
            self.close()
        self._turns.run()

    # -- what a protocol asks of a transport --------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self.lost or self.ended:
            return
        self.written += data
        if self.stuck and len(self.written) > self.high:
            self._protocol.pause_writing()
        self.on_write(data)

    def writelines(self, pieces: Any) -> None:
        self.write(b"".join(pieces))

    def write_eof(self) -> None:
        self.ended = True

    def can_write_eof(self) -> bool:
        return True

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            if not self.stuck:
                self._turns.call_soon(self._lose)

    def abort(self) -> None:
        self._closing = True
        self._turns.call_soon(self._lose)

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._turns.call_soon(self._read)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default

    def get_write_buffer_size(self) -> int:
        return len(self.written) if self.stuck else 0

    def set_write_buffer_limits(self, high: int) -> None:
        self.high = high

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def _read(self) -> None:
        while self._inbox and not self._paused and not self._closing:
            self._protocol.data_received(self._inbox.popleft())

    def _lose(self) -> None:
        if not self.lost:
            self.lost = True
            self._protocol.connection_lost(None)
