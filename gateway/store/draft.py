"""The next content of one HASH, while it is made out of the entries that have come and gone; pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, Generic, TypeVar

from msgspec import Struct

from gateway.policy.shards import Revision
from gateway.policy.snapshot import InvalidEntry
from gateway.store.digest import Changes

T = TypeVar("T")
Item = TypeVar("Item")

ENTRIES: Final = 256
"""Entries let go per step: a fraction of a millisecond."""

MOST: Final = 4096
"""Changed entries that are named; where more have changed, all may have."""

Changed = frozenset[str] | None
"""Names of the entries that differ; None where all may."""


class Kind(Struct, Generic[T], frozen=True):
    """What the entries of one key are: decoded by `decode` (value, problem), some of them such as `mark` says."""

    key: str
    decode: Callable[[str, bytes], tuple[T, str]]
    mark: Callable[[T], bool] | None = None


class Content(Struct, Generic[T], frozen=True):
    """Entries and problems by name; `marked` is how many of the entries are so."""

    entries: Mapping[str, T]
    problems: Mapping[str, InvalidEntry]
    marked: int = 0


class Draft(Generic[T]):
    """From the content `before` to the next, of about `size` entries."""

    def __init__(self, kind: Kind[T], before: Content[T], size: int) -> None:
        self._kind = kind
        self._entries = Revision(before.entries, size)
        self._problems = Revision(before.problems, 0)
        self._marked = before.marked
        self._names: set[str] = set()
        self.changes = Changes()

    def __repr__(self) -> str:
        return f"Draft({self._kind.key}, {self._entries})"

    @property
    def changed(self) -> Changed:
        """Names of the entries put and dropped."""
        return frozenset(self._names) if len(self._names) < MOST else None

    def put(self, field: bytes, before: bytes | None, value: bytes) -> None:
        """Take an entry in, which had the value `before`."""
        kind, name = self._kind, field.decode("utf-8", "surrogateescape")
        shown = name if name.isascii() else field.decode("utf-8", "backslashreplace")
        if before is not None:
            self._forget(name, field, before)
        entry, problem = kind.decode(shown, value)
        self._entries.put(name, entry)
        self.changes.add(field, value)
        if len(self._names) < MOST:
            self._names.add(name)
        if kind.mark is not None and kind.mark(entry):
            self._marked += 1
        if problem := problem or ("" if name == shown else "the field's name is not UTF-8"):
            self._problems.put(name, InvalidEntry(kind.key, shown, problem))

    def drop(self, field: bytes, value: bytes) -> None:
        """Leave an entry out."""
        name = field.decode("utf-8", "surrogateescape")
        self._forget(name, field, value)
        self._entries.drop(name)
        if len(self._names) < MOST:
            self._names.add(name)

    def done(self) -> Content[T]:
        """Give the next content; then this is used no more."""
        return Content(self._entries.done(), self._problems.done(), self._marked)

    def _forget(self, name: str, field: bytes, value: bytes) -> None:
        self.changes.remove(field, value)
        mark = self._kind.mark
        if mark is not None and (old := self._entries.get(name)) is not None and mark(old):
            self._marked -= 1
        if self._problems.get(name) is not None:
            self._problems.drop(name)


class Gone:
    """Entries that may have gone, in `parts` (a power of two) that are never long."""

    def __init__(self, parts: int) -> None:
        self._parts: list[dict[bytes, bytes]] = [{} for _ in range(parts)]
        self._mask = parts - 1

    def __repr__(self) -> str:
        return f"Gone({sum(map(len, self._parts))} entries)"

    def add(self, strings: list[bytes]) -> None:
        """Take these in: field, value, field, value and so on."""
        for field, value in zip(strings[::2], strings[1::2], strict=True):
            self._parts[hash(field) & self._mask][field] = value

    def pop(self, field: bytes) -> bytes | None:
        """Give the value of a field that has come again, if it was there before."""
        return self._parts[hash(field) & self._mask].pop(field, None)

    def rest(self) -> Iterator[list[tuple[bytes, bytes]]]:
        """Give what is left, and let go of it, both in steps."""
        for part in self._parts:
            yield from in_steps(part.items(), ENTRIES)
            part.clear()
            if self._mask:
                yield []


def in_steps(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Give `items` in lists of `size`."""
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
