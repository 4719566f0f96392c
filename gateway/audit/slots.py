"""Where the numbers of one worker live: doubles in one mapping, each range of them named once.

With a directory the mapping is a file that other workers read at any time and that outlives a crash; the file's lock says
that its worker lives. Names go to an append-only file beside it, one JSON line each, written before the first count.
"""

import errno
import fcntl
import mmap
import os
import secrets
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from gateway.audit.lockfile import locked

CAPACITY: Final = 1 << 20
"""Doubles per worker. The file is sparse: only what is counted takes space."""

WIDTH: Final = 8
"""Bytes of a double."""

CHUNK: Final = 8192
"""Doubles whose room on disk is taken at once: a full disk must be an error here, as touching a hole there kills the process."""

Name = tuple[int, int, str, tuple[str, ...]]
"""First slot, number of slots, metric, label values."""


Values: TypeAlias = "memoryview[float]"


class Slots:
    """The numbers of this worker. `values` is written by its event loop only; anybody may read it."""

    __slots__ = ("_file", "_mapping", "_names", "_reserved", "_used", "capacity", "names", "values")

    def __init__(self, run_dir: Path | None, worker: str, capacity: int = CAPACITY) -> None:
        """Map `capacity` doubles, in a file under `run_dir` or in memory of this process alone. Raise OSError if there is no room."""
        self.capacity = capacity
        self._reserved = capacity if run_dir is None else 0
        self.names: list[Name] = []
        self._used = 0
        self._file = self._names = -1
        if run_dir is not None:
            self._create(run_dir, worker)
            self._reserve()
        self._mapping = mmap.mmap(self._file, capacity * WIDTH)
        self.values: Values = memoryview(self._mapping).cast("d")

    def __repr__(self) -> str:
        return f"<Slots {self._used}/{self.capacity} {'shared' if self._file >= 0 else 'private'}>"

    def _create(self, run_dir: Path, worker: str) -> None:
        """Make both files and lock the first, all under the directory's lock: no reader may see it unlocked and call it dead."""
        run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        stem = f"metrics-{worker}-{secrets.token_hex(8)}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with locked(run_dir):
            self._file = os.open(run_dir / f"{stem}.values", flags, 0o600)
            self._names = os.open(run_dir / f"{stem}.names", flags | os.O_APPEND, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            os.ftruncate(self._file, self.capacity * WIDTH)

    def _reserve(self) -> None:
        size = min(CHUNK, self.capacity - self._reserved)
        if os.pwrite(self._file, bytes(size * WIDTH), self._reserved * WIDTH) < size * WIDTH:
            raise OSError(errno.ENOSPC, "no room for this worker's metrics")
        self._reserved += size

    def allocate(self, metric: str, labels: tuple[str, ...], width: int, initial: float) -> int | None:
        """Name the next `width` slots and give the first one's index, or None where all are taken or the disk is full."""
        first = self._used
        if first + width > self.capacity:
            return None
        name = (first, width, metric, labels)
        try:
            while first + width > self._reserved:
                self._reserve()
            self.values[first] = initial
            self._announce(msgspec.json.encode(name) + b"\n")
        except OSError:
            return None
        self._used = first + width
        self.names.append(name)
        return first

    def _announce(self, line: bytes) -> None:
        """Append to the names, wholly or not at all."""
        if self._names < 0:
            return
        before = os.fstat(self._names).st_size
        if os.write(self._names, line) < len(line):
            os.ftruncate(self._names, before)
            raise OSError(errno.ENOSPC, "no room for the names of metrics")

    def close(self) -> None:
        """Let go of the files: the next reader finds the lock free and keeps the counts for good.

        The lock is released by name: the mapping holds a duplicate of the file that would keep it.
        """
        if self._file >= 0:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        for descriptor in (self._file, self._names):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._names = -1
