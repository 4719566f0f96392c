"""What a newer policy has replaced: let go in steps, for to free a million entries in one go takes a tenth of a second; pure."""

from collections.abc import Generator, Iterable, Mapping
from typing import Final

from gateway.policy.shards import Shards

FREED: Final = 4
"""Parts of a long mapping, or chunks, let go per step: a millisecond for a million entries."""


class Retired:
    """Holds what was replaced until the publication after the next: by then nobody else looks at it, so that it is freed here."""

    def __init__(self) -> None:
        self._lately: list[object] = []
        self._leaving: list[object] = []

    def __repr__(self) -> str:
        return f"Retired({len(self._lately)} lately, {len(self._leaving)} leaving)"

    def add(self, pieces: Iterable[object]) -> None:
        """Hold these."""
        self._lately += pieces

    def add_mapping(self, old: Mapping[str, object], new: Mapping[str, object]) -> None:
        """Hold the parts of `old`, if it is long, that are not those of `new`."""
        if isinstance(old, Shards):
            kept = set(map(id, new.parts)) if isinstance(new, Shards) else set()
            self.add(part for part in old.parts if id(part) not in kept)

    def let_go(self) -> Generator[None, None, None]:
        """Free what was held before the last call, in steps. Call it after each publication."""
        while self._leaving:
            del self._leaving[-FREED:]
            yield
        self._leaving, self._lately = self._lately, []
