"""One HASH of the store, decoded: only what has changed is decoded again, in steps that never hold the event loop for long; pure.

Digest of a HASH: SHA-256 of each entry (length of field, field, value); these sorted and grouped by their first byte; SHA-256 of each
group; SHA-256 of those in order. Order of storage does not matter, and one changed entry costs one group.
"""

import hashlib
from bisect import bisect_left, insort
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from typing import Final, Generic, TypeVar

from gateway.policy.snapshot import InvalidEntry
from gateway.store.resp import Reply

T = TypeVar("T")

STEP: Final = 4096
"""Elements compared or let go per step: a fraction of a millisecond."""

ENTRIES: Final = 256
"""Entries decoded per step: about a millisecond."""

Changed = frozenset[str] | None
"""Names of the entries that differ; None where all may."""


class Table(Generic[T]):
    """The entries of one key. `wrong` says what is wrong with the key itself, if anything; `entries` is never changed, only replaced."""

    def __init__(self, key: str, decode: Callable[[str, bytes], tuple[T, str]]) -> None:
        self.key = key
        self._decode = decode
        self._flat: list[bytes] = []
        self._groups: dict[int, list[bytes]] = {}
        self._sums: dict[int, bytes] = {}
        self.entries: dict[str, T] = {}
        self.problems: dict[str, InvalidEntry] = {}
        self.digest = b""
        self.wrong = ""

    def __repr__(self) -> str:
        return f"Table({self.key}, {len(self.entries)} entries, {len(self.problems)} problems)"

    def replace(self, reply: Reply) -> Generator[None, None, Changed]:
        """Take what HGETALL answered; each `yield` is a place to do other work. Nothing shows before the end. Returns what changed."""
        wrong = str(reply)[:200] if not isinstance(reply, list) else ""
        flat: list[bytes] = [] if wrong else reply
        first, last = yield from _difference(self._flat, flat)
        changed: Changed = frozenset()
        if first < len(flat) - last or first < len(self._flat) - last:
            changed = yield from self._revise(flat, first, last)
        old, self._flat = self._flat, flat
        if wrong != self.wrong:
            self.wrong, changed = wrong, None
        while old and old is not flat:
            del old[-STEP:]
            yield
        return changed

    def _revise(self, flat: list[bytes], first: int, last: int) -> Generator[None, None, frozenset[str]]:
        """Decode the entries between `first` from the front and `last` from the back, and show them."""
        old = self._flat
        gone: dict[bytes, bytes] = {}
        for start, stop in _steps(first, len(old) - last):
            gone.update(zip(old[start:stop:2], old[start + 1 : stop : 2], strict=True))
            yield
        draft = _Draft(self)
        for start, stop in _steps(first, len(flat) - last):
            for field, value in zip(flat[start:stop:2], flat[start + 1 : stop : 2], strict=True):
                before = gone.pop(field, None)
                if before != value:
                    draft.put(field, before, value, self._decode)
            yield
        while gone:
            for field in list(islice(gone, ENTRIES)):
                draft.drop(field, gone.pop(field))
            yield
        self.entries, self.problems = draft.entries, draft.problems
        self._groups |= draft.groups
        self._sums |= {index: hashlib.sha256(b"".join(group)).digest() for index, group in draft.groups.items()}
        sums = (self._sums[index] for index in sorted(self._sums) if self._groups[index])
        self.digest = hashlib.sha256(b"".join(sums)).digest() if flat else b""
        return frozenset(draft.changed)


class _Draft(Generic[T]):
    """The next content of a table, while it is made."""

    def __init__(self, table: Table[T]) -> None:
        self.key = table.key
        self.entries = table.entries.copy()
        self.problems = table.problems.copy()
        self.groups: dict[int, list[bytes]] = {}
        self.changed: set[str] = set()
        self._old_groups = table._groups  # noqa: SLF001 (a table's own draft)

    def put(self, field: bytes, before: bytes | None, value: bytes, decode: Callable[[str, bytes], tuple[T, str]]) -> None:
        name = field.decode("utf-8", "surrogateescape")
        shown = field.decode("utf-8", "backslashreplace")
        if before is not None:
            self._unmark(field, before)
        insort(self._group(leaf := _leaf(field, value)), leaf)
        self.entries[name], problem = decode(shown, value)
        self.changed.add(name)
        self.problems.pop(name, None)
        if problem := problem or ("" if name == shown else "the field's name is not UTF-8"):
            self.problems[name] = InvalidEntry(self.key, shown, problem)

    def drop(self, field: bytes, value: bytes) -> None:
        name = field.decode("utf-8", "surrogateescape")
        self._unmark(field, value)
        del self.entries[name]
        self.problems.pop(name, None)
        self.changed.add(name)

    def _unmark(self, field: bytes, value: bytes) -> None:
        leaf = _leaf(field, value)
        group = self._group(leaf)
        del group[bisect_left(group, leaf)]

    def _group(self, leaf: bytes) -> list[bytes]:
        group = self.groups.get(leaf[0])
        if group is None:
            group = self.groups[leaf[0]] = self._old_groups.get(leaf[0], []).copy()
        return group


def _difference(old: list[bytes], new: list[bytes]) -> Generator[None, None, tuple[int, int]]:
    """Count the elements that both lists share at the front and, apart from these, at the back; both even."""
    shared = min(len(old), len(new))
    first = 0
    while first < shared and old[first : first + STEP] == new[first : first + STEP]:
        first += STEP
        yield
    first = min(first, shared)
    while first < shared and old[first] == new[first]:
        first += 1
    first -= first % 2
    left, last = shared - first, 0
    while last < left and _tail(old, last) == _tail(new, last):
        last += STEP
        yield
    last = min(last, left)
    while last < left and old[-last - 1] == new[-last - 1]:
        last += 1
    return first, last - last % 2


def _tail(items: list[bytes], skipped: int) -> list[bytes]:
    end = len(items) - skipped
    return items[max(0, end - STEP) : end]


def _steps(first: int, end: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + 2 * ENTRIES, end)) for start in range(first, end, 2 * ENTRIES))


def _leaf(field: bytes, value: bytes) -> bytes:
    return hashlib.sha256(b"%d:%b%b" % (len(field), field, value)).digest()
