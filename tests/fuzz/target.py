"""What is fuzzed: one target a file. A target takes the function under test, so that a weakened one can be handed in."""

from collections.abc import Sequence
from typing import Protocol


class Target(Protocol):
    """`try_one` raises on any fault: an exception of the gate's own, or an AssertionError that says what other readers read."""

    @property
    def seeds(self) -> Sequence[bytes]:
        """Whole inputs to begin with."""

    @property
    def words(self) -> Sequence[bytes]:
        """Pieces that are worth inserting."""

    def try_one(self, data: bytes) -> None:
        """Try one input."""
