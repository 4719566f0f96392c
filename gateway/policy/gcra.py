"""The generic cell rate algorithm (ITU-T I.371, virtual scheduling): a rate and a burst kept in one number; pure.

The number is the theoretical arrival time: the instant at which everything taken so far would have come had it kept the rate. How far it
may lie ahead of now is the burst. Instants and spans are whole microseconds, so that every counter of a fleet reckons alike.
"""

import math
from typing import Final

from msgspec import Struct

SECOND: Final = 1_000_000
"""Microseconds."""


class Rate(Struct, frozen=True):
    """`interval`: between two requests at the rate, at least 1; `burst`: how many may come at once, at least 1."""

    interval: int
    burst: int

    @property
    def tolerance(self) -> int:
        """How far the theoretical arrival time may lie ahead of now."""
        return self.interval * self.burst

    def part(self, workers: int) -> "Rate":
        """One of `workers` equal parts. A burst smaller than their number cannot be divided: each part may still take 1 at once."""
        return Rate(self.interval * workers, max(1, self.burst // workers))


class Taken(Struct, frozen=True):
    """`granted` of those asked for; `arrival` as it is now; `wait`: until one more would be granted, 0 where one would be now."""

    granted: int
    arrival: int
    wait: int


def rate_of(requests: int, per: float, burst: int) -> Rate:
    """`requests` in `per` seconds, `burst` at once. Rounded to the slower side."""
    return Rate(max(1, math.ceil(per * SECOND / requests)), burst)


def take(arrival: int, now: int, rate: Rate, asked: int) -> Taken:
    """Take as many as there are, at most `asked`; negative gives back.

    An arrival further ahead than the burst allows (a clock set back, a rate made smaller) is one at the very edge: nobody waits for longer
    than the rate can mean.
    """
    arrival = min(max(arrival, now), now + rate.tolerance)
    granted = min(asked, (now + rate.tolerance - arrival) // rate.interval)
    arrival = max(arrival + granted * rate.interval, now)
    return Taken(granted, arrival, max(0, arrival + rate.interval - now - rate.tolerance))
