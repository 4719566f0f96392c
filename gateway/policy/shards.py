"""A mapping that is never changed, only revised: what changes costs one of 256 parts, whatever the size; pure.

A dict of a million names takes a tenth of a second to copy or to let go. Its parts take a fraction of a millisecond each, and a revision
shares with its predecessor those in which nothing changed. A small mapping is one plain dict, which is faster to ask.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Generic, TypeVar

T = TypeVar("T")

PARTS: Final = 256
LARGE: Final = 4096
"""Entries from which a mapping is kept in parts."""


class Shards(Mapping[str, T]):
    """The same as one dict of all `parts`, each name in the part of its hash."""

    __slots__ = ("_length", "parts")

    def __init__(self, parts: tuple[dict[str, T], ...]) -> None:
        self.parts = parts
        self._length = sum(map(len, parts))

    def __repr__(self) -> str:
        return f"Shards({self._length} entries)"

    def get(self, name: str, default: T | None = None) -> T | None:  # type: ignore[override]  # asked on the way of each request: no more than this
        """Look `name` up."""
        return self.parts[hash(name) & 255].get(name, default)

    def __getitem__(self, name: str) -> T:
        return self.parts[hash(name) & 255][name]

    def __contains__(self, name: object) -> bool:
        return name in self.parts[hash(name) & 255]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        for part in self.parts:
            yield from part


class Revision(Generic[T]):
    """The next version of a mapping, while it is made; `size` is about how many entries it will have."""

    def __init__(self, before: Mapping[str, T], size: int) -> None:
        if isinstance(before, Shards):
            self._parts = list(before.parts)
            self._own = bytearray(PARTS)
        elif size > LARGE:
            self._parts = [{} for _ in range(PARTS)]
            self._own = bytearray(b"\1" * PARTS)
            for name, value in before.items():
                self._parts[hash(name) & 255][name] = value
        else:
            self._parts = [dict(before)]
            self._own = bytearray(b"\1")
        self._mask = len(self._parts) - 1

    def __repr__(self) -> str:
        return f"Revision({sum(self._own)} of {len(self._parts)} parts are its own)"

    def get(self, name: str) -> T | None:
        """Look `name` up as it is so far."""
        return self._parts[hash(name) & self._mask].get(name)

    def put(self, name: str, value: T) -> None:
        """Add or replace."""
        index = hash(name) & self._mask
        (self._parts[index] if self._own[index] else self._make_own(index))[name] = value

    def drop(self, name: str) -> None:
        """Take away what is there."""
        index = hash(name) & self._mask
        del (self._parts[index] if self._own[index] else self._make_own(index))[name]

    def done(self) -> Mapping[str, T]:
        """Give the next version; then this is used no more."""
        return Shards(tuple(self._parts)) if self._mask else self._parts[0]

    def _make_own(self, index: int) -> dict[str, T]:
        part = self._parts[index] = self._parts[index].copy()
        self._own[index] = 1
        return part


def differing(old: Mapping[str, T], new: Mapping[str, T]) -> Iterable[str]:
    """Give the names that are not the same in both; what both share is not looked into."""
    if old is new:
        return ()
    if isinstance(old, Shards) and isinstance(new, Shards):
        pairs = zip(old.parts, new.parts, strict=True)
        return (name for before, after in pairs if before is not after for name in _differing(before, after))
    return _differing(old, new)


def _differing(old: Mapping[str, T], new: Mapping[str, T]) -> Iterable[str]:
    return (name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
