"""Counter, gauge, age and histogram: each an index into the worker's doubles. An increment is one addition in mapped memory."""

import math
import time
from bisect import bisect_left
from enum import StrEnum, unique
from typing import Final, Generic, TypeVar

from msgspec import Struct

from gateway.audit.slots import WIDTH, Slots, Values


@unique
class Kind(StrEnum):
    """What a metric is to its reader."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@unique
class Merge(StrEnum):
    """How one number is made of the workers' numbers. AGE: they hold instants, the reader is told the age of the oldest."""

    SUM = "sum"
    MAX = "max"
    MIN = "min"
    AGE = "age"


class Definition(Struct, frozen=True):
    """One metric: `name` without the prefix, histogram `bounds` in its unit, ascending, without infinity."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    merge: Merge = Merge.SUM
    bounds: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        """How many doubles one series takes: a histogram one per bound, one for what lies above, one for the sum."""
        return len(self.bounds) + 2 if self.kind is Kind.HISTOGRAM else 1

    @property
    def initial(self) -> float:
        """A gauge that nobody set says nothing (NaN), where a zero would decide a minimum."""
        return math.nan if self.kind is Kind.GAUGE and self.merge is not Merge.SUM else 0.0


class Series:
    """One series: where its numbers are."""

    __slots__ = ("_slot", "_values")

    def __init__(self, values: Values, slot: int, _definition: Definition) -> None:
        self._values = values
        self._slot = slot


class Counter(Series):
    """Only ever rises."""

    __slots__ = ()

    def inc(self, n: float = 1.0) -> None:
        """Add `n`, not negative."""
        self._values[self._slot] += n

    def set_total(self, total: float) -> None:
        """Say how many there were since this worker started, where another part counts in a plain number of its own."""
        self._values[self._slot] = total

    @property
    def value(self) -> float:
        """What this worker counted."""
        return float(self._values[self._slot])


class Gauge(Counter):
    """Goes up and down."""

    __slots__ = ()

    def set(self, value: float) -> None:
        """Replace the value."""
        self._values[self._slot] = value

    def dec(self, n: float = 1.0) -> None:
        """Subtract `n`."""
        self._values[self._slot] -= n


class Age(Counter):
    """How long ago something happened. It keeps growing between marks, even if this worker hangs."""

    __slots__ = ()

    def mark(self, steady: float) -> None:
        """Say that it happened at `steady`, seconds of `time.monotonic` (one clock for all processes of a machine)."""
        self._values[self._slot] = steady

    def set(self, age: float) -> None:
        """Say that it happened `age` seconds ago."""
        self._values[self._slot] = time.monotonic() - age


class Histogram(Series):
    """Counts observations by size."""

    __slots__ = ("_bounds", "_sum")

    def __init__(self, values: Values, slot: int, definition: Definition) -> None:
        super().__init__(values, slot, definition)
        self._bounds = definition.bounds
        self._sum = slot + len(definition.bounds) + 1

    def observe(self, value: float) -> None:
        """Count one observation; a bound includes its own value, as Prometheus' `le` does."""
        values = self._values
        values[self._slot + bisect_left(self._bounds, value)] += 1.0
        values[self._sum] += value

    @property
    def count(self) -> int:
        """Observations in this worker."""
        return int(sum(self._values[self._slot : self._sum]))


Instrument = TypeVar("Instrument", bound=Series)


class Family(Generic[Instrument]):
    """All series of one metric. Bind a child once and keep it: `labels` is a dictionary look-up, a first one also a write to disk."""

    __slots__ = ("_children", "_dropped", "_make", "_slots", "_spare", "definition")

    def __init__(self, slots: Slots, definition: Definition, make: type[Instrument], dropped: Counter | None) -> None:
        self.definition: Final = definition
        self._slots = slots
        self._make = make
        self._dropped = dropped
        self._children: dict[tuple[str, ...], Instrument] = {}
        self._spare: Instrument | None = None

    def __repr__(self) -> str:
        return f"<{self.definition.kind} {self.definition.name} {len(self._children)} series>"

    def labels(self, *values: str) -> Instrument:
        """Give the series of these label values, in the order of the definition; it is made when first asked for."""
        child = self._children.get(values)
        return self._bind(values) if child is None else child

    def _bind(self, values: tuple[str, ...]) -> Instrument:
        definition = self.definition
        if len(values) != len(definition.labels):
            raise ValueError(f"{definition.name} takes the labels {definition.labels}, got {len(values)} values")
        slot = self._slots.allocate(definition.name, values, definition.width, definition.initial)
        if slot is None:
            return self._unseen()
        child = self._children[values] = self._make(self._slots.values, slot, definition)
        return child

    def _unseen(self) -> Instrument:
        """No slot is left: count into memory that nobody reads, and say so. Memory stays bounded whatever the labels."""
        if self._dropped is not None:
            self._dropped.inc()
        if self._spare is None:
            spare: Values = memoryview(bytearray(WIDTH * self.definition.width)).cast("d")
            self._spare = self._make(spare, 0, self.definition)
        return self._spare
