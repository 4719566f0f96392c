"""The journal: decision records as JSON lines on disk, without the request waiting for the disk.

`write` appends to a queue; a thread of its own empties it every few milliseconds into the file of this worker. A failure keeps
the records and tries again; what the bounded queue cannot hold is dropped and counted. In mode `required` nothing is let
through meanwhile: `accepting` is False from the first failed write, or once the disk lags, until the disk has caught up.
"""

import threading
import time
from collections import deque
from typing import Final, Protocol

from gateway.audit.journal_file import JournalFile
from gateway.settings.shape import Audit

INTERVAL: Final = 0.05
"""Seconds between writes."""
RETRY: Final = 0.5
"""Seconds to wait after a failed write."""
MOST_PENDING: Final = 65_536
"""Records that wait at most, some 40 MB."""
MOST_LAG: Final = 2.0
"""Seconds that the oldest record may wait before mode `required` refuses."""
BATCH: Final = 4096


class Sink(Protocol):
    """Where batches of lines go."""

    def append(self, lines: bytes) -> None:
        """Put `lines` at the end; raise OSError where they are not all there: the same object is then given again."""

    def close(self) -> None:
        """Let go of the file."""


class Journal:
    """The records of this worker, on their way to disk. `records`, `dropped` and `failures` count since the start."""

    def __init__(
        self, settings: Audit, worker: str, sink: Sink | None = None, *, most_pending: int = MOST_PENDING, most_lag: float = MOST_LAG
    ) -> None:
        """Write under `settings.directory`, unless the mode is off or there is no directory. `sink` replaces the file."""
        self.enabled: Final = settings.mode != "off" and (sink is not None or settings.directory != "")
        self.records = self.dropped = self.failures = 0
        self._required = settings.mode == "required"
        self._most_pending = most_pending
        self._most_lag = most_lag
        self._sink = sink or (JournalFile(settings.directory, worker, durable=self._required) if self.enabled else None)
        self._pending: deque[bytes] = deque()
        self._batch: bytes = b""
        self._batch_size = 0
        self._healthy = self.enabled
        self._caught_up = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def __repr__(self) -> str:
        return f"<Journal {'on' if self.enabled else 'off'} {self.records} written, {self.pending} wait, {self.dropped} dropped>"

    @property
    def pending(self) -> int:
        """Records that are not on disk yet."""
        return len(self._pending) + self._batch_size

    @property
    def lag(self) -> float:
        """Seconds that the oldest record has been waiting, at most; 0 where none waits."""
        return time.monotonic() - self._caught_up if self.pending else 0.0

    @property
    def accepting(self) -> bool:
        """Whether a request may be let through: False only in mode `required`, while its evidence would not be kept."""
        return not self._required or (self._healthy and time.monotonic() - self._caught_up < self._most_lag)

    def write(self, record: bytes) -> bool:
        """Queue one line (without its end) for the disk; False where it was dropped because the queue is full."""
        if not self.enabled:
            return True
        if len(self._pending) >= self._most_pending:
            self.dropped += 1
            return False
        self._pending.append(record)
        return True

    def start(self) -> None:
        """Start writing. In mode `required` with nowhere to write nothing will ever be accepted."""
        if self.enabled:
            self._caught_up = time.monotonic()
            self._thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """Write what waits and close the file; after `patience` seconds what still waits counts as dropped. Blocks its thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(patience)
        self.dropped += self.pending

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL if self._healthy else RETRY):
            self._catch_up()
        self._catch_up()
        if self._sink is not None:
            self._sink.close()

    def _catch_up(self) -> None:
        """Write until what waited at the start is on disk, or the disk fails."""
        started = time.monotonic()
        waiting = self.pending
        while waiting > 0:
            self._fill()
            size = self._batch_size
            if not self._write_batch():
                return
            waiting -= size
        self._healthy = True
        self._caught_up = started

    def _fill(self) -> None:
        """Take the next lines from the queue, unless a batch that failed is still in hand."""
        if self._batch_size:
            return
        lines = [self._pending.popleft() for _ in range(min(BATCH, len(self._pending)))]
        self._batch = b"\n".join((*lines, b""))
        self._batch_size = len(lines)

    def _write_batch(self) -> bool:
        assert self._sink is not None  # noqa: S101 - the thread runs only with a sink
        try:
            self._sink.append(self._batch)
        except OSError:
            self.failures += 1
            self._healthy = False
            return False
        self.records += self._batch_size
        self._batch, self._batch_size = b"", 0
        return True
