"""One worker's journal on disk: `decisions-<worker>-<date>-<n>.jsonl`, a new one each day (UTC) and each 256 MB.

Files are only appended to, never changed or removed. A line that a crash or a full disk cut short is closed off and, if it is
still at hand, written again whole. Where the disk cannot say whether it kept lines, they are written twice rather than not at all.
"""

import fcntl
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

LARGEST: Final = 256 * 1024 * 1024


class JournalFile:
    """The file that is written at the moment. `durable`: lines are on the disk itself, not in its cache, when `append` returns."""

    def __init__(
        self, directory: str, worker: str, *, durable: bool = False, clock: Callable[[], float] = time.time, largest: int = LARGEST
    ) -> None:
        """Prepare to write under `directory`; it is made, and the file opened, by the first append."""
        self._directory = Path(directory)
        self._worker = worker
        self._durable = durable
        self._clock = clock
        self._largest = largest
        self._file = -1
        self._date = ""
        self._unfinished = b""
        self._done = 0

    def __repr__(self) -> str:
        return f"<JournalFile {self._worker} {self._date or 'closed'}>"

    def append(self, lines: bytes) -> None:
        """Write whole lines; raise OSError where the disk fails. The same object given again is continued at the line that failed."""
        done = self._done if self._unfinished is lines else 0
        try:
            self._turn_over()
            while done < len(lines):
                done += os.write(self._file, memoryview(lines)[done:])
            if self._durable:
                os.fsync(self._file)
        except OSError:
            self.close()
            self._unfinished = lines
            self._done = lines.rfind(b"\n", 0, done) + 1 if done < len(lines) else 0
            raise
        self._unfinished = b""

    def _turn_over(self) -> None:
        """See that the right file is open: another day or a full file needs the next."""
        date = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y%m%d")
        if self._file >= 0 and date == self._date and os.fstat(self._file).st_size < self._largest:
            return
        self.close()
        self._file = self._open(date)
        self._date = date

    def _open(self, date: str) -> int:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in count():
            path = self._directory / f"decisions-{self._worker}-{date}-{number}.jsonl"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                if self._usable(descriptor):
                    return descriptor
            except OSError:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise AssertionError  # pragma: no cover - count() does not end

    def _usable(self, descriptor: int) -> bool:
        """Take a file that is not full and that no other process (one that is still draining) writes."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        size = os.fstat(descriptor).st_size
        if size >= self._largest:
            return False
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            os.write(descriptor, b"\n")
        return True

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file, self._date = -1, ""
