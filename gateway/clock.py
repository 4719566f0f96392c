"""The two clocks of the gate, read together."""

import time

from gateway.policy.access import Instant


def read_clock() -> Instant:
    """Give the present instant: epoch seconds and monotonic seconds."""
    return Instant(time.time(), time.monotonic())
