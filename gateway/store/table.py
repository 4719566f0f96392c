"""One HASH of the store, decoded: only what has changed is decoded again, in steps that never hold the event loop for long; pure.

Digest of a HASH: SHA-256 of each entry (length of field, field, value); these sorted and grouped by their first byte; SHA-256 of each
group; SHA-256 of those in order. Order of storage does not matter, and one changed entry costs one group.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, Generic, TypeVar

from gateway.policy.shards import PARTS, Revision
from gateway.policy.snapshot import InvalidEntry
from gateway.store.blobs import Blobs, Chunk, pack
from gateway.store.resp import Reply
from gateway.store.retired import Retired

T = TypeVar("T")
Item = TypeVar("Item")
Decode = Callable[[str, bytes], tuple[T, str]]

STEP: Final = 256
"""Chunks compared per step: a fraction of a millisecond."""

ENTRIES: Final = 256
"""Entries decoded or let go per step: about a millisecond."""

LEAF: Final = 32
"""Bytes of a SHA-256."""

MOST: Final = 4096
"""Changed entries that are named; where more have changed, all may have."""

MANY: Final = 64
"""Chunks gone from which on their entries are kept in parts, so that none grows for long."""

Changed = frozenset[str] | None
"""Names of the entries that differ; None where all may."""


class Table(Generic[T]):
    """The entries of one key. `wrong` says what is wrong with the key itself, if anything; `entries` is never changed, only replaced.

    `marked` is how many of the entries are such as `mark` says; what is replaced is handed to `retired`.
    """

    def __init__(self, key: str, decode: Decode[T], mark: Callable[[T], bool] | None = None, retired: Retired | None = None) -> None:
        self.key = key
        self._decode = decode
        self._mark = mark
        self._chunks: dict[bytes, Chunk] = {}
        self._groups: dict[int, bytes] = {}
        self._sums: dict[int, bytes] = {}
        self._retired = Retired() if retired is None else retired
        self.entries: Mapping[str, T] = {}
        self.problems: Mapping[str, InvalidEntry] = {}
        self.marked = 0
        self.digest = b""
        self.wrong = ""

    def __repr__(self) -> str:
        return f"Table({self.key}, {len(self.entries)} entries, {len(self.problems)} problems)"

    def replace(self, reply: Reply) -> Generator[None, None, Changed]:
        """Take what HGETALL answered; each `yield` is a place to do other work. Nothing shows before the end. Returns what changed."""
        wrong = "" if isinstance(reply, (list, Blobs)) else str(reply)[:200]
        chunks: dict[bytes, Chunk] = {}
        fresh: list[Chunk] = []
        for some in _in_steps(() if wrong else _chunks(reply), STEP):
            chunks.update((chunk.data, chunk) for chunk in some)
            fresh += (chunk for chunk in some if chunk.data not in self._chunks)
            yield
        gone = [chunk for data, chunk in self._chunks.items() if data not in chunks]
        changed: Changed = frozenset()
        if not chunks:
            changed = self._empty()
        elif fresh or gone:
            changed = yield from self._revise(fresh, gone, sum(chunk.size for chunk in chunks.values()) // 2)
        self._chunks = chunks
        self._retired.add(gone)
        if wrong != self.wrong:
            self.wrong, changed = wrong, None
        return changed

    def retire(self) -> None:
        """Have what is shown now let go in steps, once it is shown no more."""
        self._retired.add_mapping(self.entries)
        self._retired.add_mapping(self.problems)
        self._retired.add(self._groups.values())

    def _empty(self) -> Changed:
        """A key that is gone takes effect at once, however long it was."""
        names = self.entries
        self._show({}, {}, 0)
        self._groups, self._sums, self.digest = {}, {}, b""
        return frozenset(names) if len(names) < MOST else None

    def _show(self, entries: Mapping[str, T], problems: Mapping[str, InvalidEntry], marked: int) -> None:
        self.retire()
        self.entries, self.problems, self.marked = entries, problems, marked

    def _revise(self, fresh: list[Chunk], gone: list[Chunk], size: int) -> Generator[None, None, Changed]:
        """Decode the entries of `fresh` chunks that were not in those `gone`, and show them."""
        before = _Gone(PARTS if len(gone) > MANY else 1)
        for chunk in gone:
            before.add(chunk.strings())
            yield
        draft = _Draft(self, size)
        for chunk in fresh:
            strings = chunk.strings()
            for field, value in zip(strings[::2], strings[1::2], strict=True):
                old = before.pop(field)
                if old != value:
                    draft.put(field, old, value)
            yield
        for some in before.rest():
            for field, value in some:
                draft.drop(field, value)
            yield
        yield from draft.sum_up()
        self._show(draft.entries.done(), draft.problems.done(), draft.marked)
        self._groups.update(draft.groups)
        self._sums.update(draft.sums)
        sums = (self._sums[index] for index in sorted(self._sums) if self._groups[index])
        self.digest = hashlib.sha256(b"".join(sums)).digest()
        return draft.changed if len(draft.changed) < MOST else None


class _Gone:
    """Entries that may have gone, in parts that are never long."""

    def __init__(self, parts: int) -> None:
        self._parts: list[dict[bytes, bytes]] = [{} for _ in range(parts)]
        self._mask = parts - 1

    def add(self, strings: list[bytes]) -> None:
        for field, value in zip(strings[::2], strings[1::2], strict=True):
            self._parts[hash(field) & self._mask][field] = value

    def pop(self, field: bytes) -> bytes | None:
        return self._parts[hash(field) & self._mask].pop(field, None)

    def rest(self) -> Iterator[list[tuple[bytes, bytes]]]:
        """Give what is left, and let go of it, both in steps."""
        for part in self._parts:
            yield from _in_steps(part.items(), ENTRIES)
            part.clear()
            if self._mask:
                yield []


class _Draft(Generic[T]):
    """The next content of a table, while it is made."""

    def __init__(self, table: Table[T], size: int) -> None:
        self._key = table.key
        self._decode = table._decode  # noqa: SLF001 (a table's own draft)
        self._mark = table._mark  # noqa: SLF001
        self._old_groups = table._groups  # noqa: SLF001
        self._added: dict[int, bytearray] = {}
        self._removed: dict[int, bytearray] = {}
        self._changed: set[str] = set()
        self.entries = Revision(table.entries, size)
        self.problems = Revision(table.problems, 0)
        self.marked = table.marked
        self.groups: dict[int, bytes] = {}
        self.sums: dict[int, bytes] = {}

    @property
    def changed(self) -> frozenset[str]:
        """Names of the entries put and dropped, up to `MOST` of them."""
        return frozenset(self._changed)

    def put(self, field: bytes, before: bytes | None, value: bytes) -> None:
        name = field.decode("utf-8", "surrogateescape")
        shown = name if name.isascii() else field.decode("utf-8", "backslashreplace")
        if before is not None:
            self._forget(name, field, before)
        entry, problem = self._decode(shown, value)
        self.entries.put(name, entry)
        self._mark_leaf(self._added, field, value)
        self._note(name)
        if self._mark is not None and self._mark(entry):
            self.marked += 1
        if problem := problem or ("" if name == shown else "the field's name is not UTF-8"):
            self.problems.put(name, InvalidEntry(self._key, shown, problem))

    def drop(self, field: bytes, value: bytes) -> None:
        name = field.decode("utf-8", "surrogateescape")
        self._forget(name, field, value)
        self.entries.drop(name)
        self._note(name)

    def sum_up(self) -> Generator[None, None, None]:
        """Bring the groups of the digest up to date."""
        for index in self._added.keys() | self._removed.keys():
            removed = frozenset(_leaves(self._removed.pop(index, b"")))
            leaves = [leaf for leaf in _leaves(self._old_groups.get(index, b"")) if leaf not in removed]
            leaves += _leaves(self._added.pop(index, b""))
            leaves.sort()
            self.groups[index] = b"".join(leaves)
            self.sums[index] = hashlib.sha256(self.groups[index]).digest()
            yield

    def _forget(self, name: str, field: bytes, value: bytes) -> None:
        self._mark_leaf(self._removed, field, value)
        if self._mark is not None and (old := self.entries.get(name)) is not None and self._mark(old):
            self.marked -= 1
        if self.problems.get(name) is not None:
            self.problems.drop(name)

    def _note(self, name: str) -> None:
        if len(self._changed) < MOST:
            self._changed.add(name)

    @staticmethod
    def _mark_leaf(groups: dict[int, bytearray], field: bytes, value: bytes) -> None:
        leaf = hashlib.sha256(b"%d:%b%b" % (len(field), field, value)).digest()
        group = groups.get(leaf[0])
        if group is None:
            group = groups[leaf[0]] = bytearray()
        group += leaf


def _chunks(reply: Reply) -> Iterable[Chunk]:
    if isinstance(reply, Blobs):
        return reply.chunks
    return (pack(reply[start : start + 2 * ENTRIES]) for start in range(0, len(reply), 2 * ENTRIES))


def _leaves(group: bytes | bytearray) -> list[bytes]:
    return [bytes(group[start : start + LEAF]) for start in range(0, len(group), LEAF)]


def _in_steps(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
