"""What the demonstration's model says: the same words every time, so that a cut stream is seen to be cut."""

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Final

TEXT: Final = """\
A gate is not a wall. A wall says no to everyone and needs no memory; a gate must know who stands before it, where they
come from, and in whose name they ask. The keeper of a good gate writes down each answer, and can say later why it was
given. When the order changes at noon, the keeper does not wait for evening: those who may no longer pass are turned
around on the bridge, politely, with the reason and the name of the person to ask. Everyone else walks on, and does not
even notice that the order has changed. That is all there is to it, and it is harder than it sounds.
"""
WORDS: Final = tuple(word + " " for word in TEXT.split())
DEFAULT_LENGTH: Final = 48


def words(length: int | None = None) -> Iterator[str]:
    """Give `length` words, each with its space; the text starts again where it ends."""
    return islice(cycle(WORDS), DEFAULT_LENGTH if length is None else max(0, length))
