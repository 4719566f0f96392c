"""One lock per run directory, held for moments: whoever adds, retires or reads the files of workers holds it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError

PATIENCE: Final = 2.0
"""Seconds to wait for a lock that is normally held for a millisecond; its holder may be a stopped process."""


class MetricsUnavailableError(GatewayError):
    """The run directory stays locked by another process, so that its counts cannot be read exactly."""


@contextmanager
def locked(run_dir: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the directory's lock; raise `MetricsUnavailableError` after `patience` seconds. Blocks its thread."""
    descriptor = os.open(run_dir / "metrics.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(descriptor, run_dir, time.monotonic() + patience)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, run_dir: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise MetricsUnavailableError(f"{run_dir}/metrics.lock is held by another process: is a worker stopped?") from None
            time.sleep(0.002)
        else:
            return
