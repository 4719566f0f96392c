"""The figures: medians with their spread, percentiles, and the verdict whether they may be printed at all."""

import statistics
from collections.abc import Sequence

from msgspec import Struct


class Figure(Struct, frozen=True):
    """Median of the rounds, and their least and greatest."""

    median: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """Half of the range as a share of the median."""
        return (self.high - self.low) / 2 / self.median if self.median else 0.0


class Distribution(Struct, frozen=True):
    """Percentiles of single events; `count` of them."""

    p50: float
    p99: float
    greatest: float
    count: int


def figure(values: Sequence[float]) -> Figure:
    """Sum up one value per round; there is at least one."""
    return Figure(median=statistics.median(values), low=min(values), high=max(values))


def distribution(values: Sequence[float]) -> Distribution:
    """Sum up single events; there is at least one. Percentiles by nearest rank."""
    found = sorted(values)
    return Distribution(p50=ranked(found, 0.50), p99=ranked(found, 0.99), greatest=found[-1], count=len(found))


def ranked(found: Sequence[float], share: float) -> float:
    """Percentile of sorted values by nearest rank; `share` 0 to 1, in thousandths."""
    return found[max(0, -(-len(found) * round(share * 1000) // 1000) - 1)]
