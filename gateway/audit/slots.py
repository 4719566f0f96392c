"""Where the numbers of one worker live: doubles in one mapping, each range of them named once.

With a directory the mapping is a file that other workers read at any time and that outlives a crash; the file's lock says
that its worker lives. Names go to an append-only file beside it, one JSON line each, written before the first count.
"""

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

Name = tuple[int, int, str, tuple[str, ...]]
"""First slot, number of slots, metric, label values."""


Values: TypeAlias = "memoryview[float]"


class Slots:
    """The numbers of this worker. `values` is written by its event loop only; anybody may read it."""

    __slots__ = ("_file", "_mapping", "_names", "_used", "capacity", "names", "values")

    def __init__(self, run_dir: Path | None, worker: str, capacity: int = CAPACITY) -> None:
        """Map `capacity` doubles, in a file under `run_dir` or in memory of this process alone."""
        self.capacity = capacity
        self.names: list[Name] = []
        self._used = 0
        self._file = self._names = -1
        if run_dir is not None:
            self._create(run_dir, worker)
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

    def allocate(self, metric: str, labels: tuple[str, ...], width: int, initial: float) -> int | None:
        """Name the next `width` slots and give the first one's index, or None where all are taken."""
        first = self._used
        if first + width > self.capacity:
            return None
        self._used = first + width
        self.values[first] = initial
        name = (first, width, metric, labels)
        if self._names >= 0:
            os.write(self._names, msgspec.json.encode(name) + b"\n")
        self.names.append(name)
        return first

    def close(self) -> None:
        """Let go of the files: the next reader finds the lock free and keeps the counts for good."""
        for descriptor in (self._file, self._names):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._names = -1
