"""A limit on each part of a run, so that one that hangs costs its own figures and not the others'."""

import contextlib
import signal
from collections.abc import Iterator


class OutOfTime(SystemExit):
    """A part took longer than it may. A SystemExit, because loops hand on nothing else from a signal's handler."""


@contextlib.contextmanager
def limited(seconds: float, what: str) -> Iterator[None]:
    """Raise OutOfTime in the main thread after `seconds`; limits do not nest."""

    def ring(_number: int, _frame: object) -> None:
        raise OutOfTime(f"{what} took longer than {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
