"""A timer that epoll can wait for, with a grain of microseconds: epoll's own timeout knows milliseconds only (timerfd_create(2))."""

import contextlib
import ctypes
import os
import time
from typing import Final, Self

from bench.problem import BenchError

_NONBLOCK: Final = 0o4000
_BILLION: Final = 1_000_000_000


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Interval(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Ticker:
    """Readable every `seconds` from its start on. Raises BenchError where the kernel has no such timers."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._number = -1

    def __repr__(self) -> str:
        return f"<Ticker every {self._seconds * 1e6:.0f} us>"

    def __enter__(self) -> Self:
        """Begin."""
        library = ctypes.CDLL(None, use_errno=True)
        self._number = library.timerfd_create(time.CLOCK_MONOTONIC, _NONBLOCK)
        step = _Timespec(*divmod(int(self._seconds * _BILLION), _BILLION))
        if self._number < 0 or library.timerfd_settime(self._number, 0, ctypes.byref(_Interval(step, step)), None) < 0:
            raise BenchError(f"no timer: {os.strerror(ctypes.get_errno())}")
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        os.close(self._number)

    def fileno(self) -> int:
        """What epoll waits for."""
        return self._number

    def clear(self) -> None:
        """Forget the ticks that have come."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._number, 8)
