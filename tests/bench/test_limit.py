"""A part that hangs ends; one that is in time leaves no alarm behind."""

import asyncio
import signal
import time

import pytest
import uvloop

from bench.limit import OutOfTime, limited


def test_a_part_that_hangs_is_broken_off() -> None:
    with pytest.raises(OutOfTime, match="memory took longer"), limited(0.05, "memory"):
        time.sleep(5)


def test_so_is_one_that_waits_in_a_loop() -> None:
    with pytest.raises(OutOfTime), limited(0.05, "events"):
        uvloop.run(asyncio.sleep(5))


def test_a_part_in_time_leaves_nothing_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with limited(5, "events"):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before
