"""What announcing a change costs the store: one edit, and the pushes to all connections that track it, as every worker holds one."""

import select
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from msgspec import Struct

from bench.problem import BenchError
from bench.raw import RawStore
from gateway.store.keys import Keys

DEADLINE = 5.0
_FIELD = "bench-push"


class PushFigures(Struct, frozen=True):
    """Milliseconds (median) from an edit to the last of `connections` pushes."""

    connections: int
    milliseconds: float


def measure_pushes(path: Path, sizes: Sequence[int], times: int = 20) -> list[PushFigures]:
    """Open more and more tracking connections to the store at `path`, and edit. Raises BenchError if a push does not come."""
    found = []
    with ExitStack() as stack:
        editor = RawStore(path)
        stack.callback(editor.close)
        poll = select.epoll()
        stack.callback(poll.close)
        trackers: dict[int, socket.socket] = {}
        for size in sizes:
            while len(trackers) < size:
                tracker = stack.enter_context(_tracker(path))
                trackers[tracker.fileno()] = tracker
                poll.register(tracker.fileno(), select.EPOLLIN)
            found.append(PushFigures(size, median(_edit(editor, poll, trackers) for _ in range(times)) * 1e3))
    return found


def _edit(editor: RawStore, poll: select.epoll, trackers: dict[int, socket.socket]) -> float:
    """Seconds until all have been told."""
    began, waiting = time.monotonic(), set(trackers)
    editor.send("HSET", Keys().allowlist("bench-pushes"), _FIELD, "{}")
    while waiting:
        if time.monotonic() > began + DEADLINE:
            raise BenchError(f"{len(waiting)} of {len(trackers)} connections were told of nothing")
        for number, _ in poll.poll(DEADLINE):
            trackers[number].recv(4096)
            waiting.discard(number)
    took = time.monotonic() - began
    editor.reply()
    return took


def _tracker(path: Path) -> socket.socket:
    """One connection that is told of every change under the prefix (RESP3, broadcast)."""
    tracker = socket.socket(socket.AF_UNIX)
    tracker.settimeout(DEADLINE)
    tracker.connect(str(path))
    for command in ("HELLO 3\r\n", "CLIENT TRACKING ON BCAST PREFIX gateway:\r\n"):
        tracker.sendall(command.encode())
        time.sleep(0.002)
        tracker.recv(65536)
    return tracker
