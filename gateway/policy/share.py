"""How much one organisation may use of one model: a rate of requests, and how many at the same time; pure."""

from typing import Final

from msgspec import Struct

from gateway.policy.gcra import Rate


class Share(Struct, frozen=True):
    """What is said; None and 0 are unsaid. `requests` in `per` seconds are what `rate` means."""

    rate: Rate | None = None
    requests: int = 0
    per: float = 0.0
    concurrent: int = 0

    def over(self, other: "Share") -> "Share":
        """Give this share, and what it leaves unsaid as `other` says it."""
        if other is UNLIMITED or other == self:
            return self
        spoken = self if self.rate is not None else other
        return Share(spoken.rate, spoken.requests, spoken.per, self.concurrent or other.concurrent)


UNLIMITED: Final = Share()

LEAST: Final = Share(Rate(1_000_000, 1), 1, 1.0, 1)
"""What an entry is worth that speaks of limits and cannot be read, where nothing demands the entry and so nothing is refused for it."""


class Excess(Struct, frozen=True):
    """More than the share, at the instant `at` (epoch seconds): which of its two limits, and when it is worth asking again.

    Seconds: `wait` until the caller should come back, `whole` until the whole burst is there again, at the latest. `again` False: that
    is too long to wait for.
    """

    share: Share
    concurrent: bool
    wait: float
    whole: float
    at: float
    again: bool = True
