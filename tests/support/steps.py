"""Work that is done in steps, done at once."""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


def run(steps: Generator[None, None, T]) -> tuple[T, int]:
    """Run all steps; what they return, and how many there were."""
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: T = end.value
            return value, count
        count += 1
