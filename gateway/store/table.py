"""One HASH of the store, decoded: only what has changed is decoded again, in steps that never hold the event loop for long; pure.

What was stored is kept as it was sent, in chunks. A chunk that comes again is not looked into.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Final, Generic, TypeVar

from gateway.policy.shards import PARTS
from gateway.policy.snapshot import InvalidEntry
from gateway.store.blobs import Blobs, Chunk, pack
from gateway.store.digest import Digest
from gateway.store.draft import MOST, Changed, Content, Draft, Gone, Kind, in_steps
from gateway.store.resp import Reply
from gateway.store.retired import Retired

T = TypeVar("T")

STEP: Final = 256
"""Chunks compared per step: a fraction of a millisecond."""

MANY: Final = 64
"""Chunks gone from which on their entries are kept in parts, so that none grows for long."""

PACKED: Final = 512
"""Strings of a plain list that make a chunk."""


class Table(Generic[T]):
    """The entries of one key. `wrong` says what is wrong with the key itself, if anything; `entries` is never changed, only replaced.

    `marked` is how many of the entries are such as `mark` says; what is replaced is handed to `retired`.
    """

    def __init__(
        self,
        key: str,
        decode: Callable[[str, bytes], tuple[T, str]],
        mark: Callable[[T], bool] | None = None,
        retired: Retired | None = None,
    ) -> None:
        self.key = key
        self.wrong = ""
        self._kind = Kind(key, decode, mark)
        self._chunks: dict[bytes, Chunk] = {}
        self._content: Content[T] = Content({}, {})
        self._digest = Digest()
        self._retired = Retired() if retired is None else retired

    def __repr__(self) -> str:
        return f"Table({self.key}, {len(self.entries)} entries, {len(self.problems)} problems)"

    @property
    def entries(self) -> Mapping[str, T]:
        """Entries by name."""
        return self._content.entries

    @property
    def problems(self) -> Mapping[str, InvalidEntry]:
        """What is wrong with entries, by name."""
        return self._content.problems

    @property
    def marked(self) -> int:
        """How many entries are marked."""
        return self._content.marked

    @property
    def digest(self) -> bytes:
        """Digest of what is stored."""
        return self._digest.value

    def replace(self, reply: Reply) -> Generator[None, None, Changed]:
        """Take what HGETALL answered; each `yield` is a place to do other work. Nothing shows before the end. Returns what changed."""
        wrong = "" if isinstance(reply, (list, Blobs)) else str(reply)[:200]
        chunks: dict[bytes, Chunk] = {}
        fresh: list[Chunk] = []
        for some in in_steps(() if wrong else _chunks(reply), STEP):
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
        """Have everything let go in steps: another table takes this one's place."""
        self._retired.add(self._chunks.values())
        self._chunks = {}
        self._empty()

    def _revise(self, fresh: list[Chunk], gone: list[Chunk], size: int) -> Generator[None, None, Changed]:
        """Decode the entries of `fresh` chunks that were not in those `gone`, and show them."""
        before = Gone(PARTS if len(gone) > MANY else 1)
        for chunk in gone:
            before.add(chunk.strings())
            yield
        draft = Draft(self._kind, self._content, size)
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
        self._show(draft.done(), (yield from self._digest.revised(draft.changes)))
        return draft.changed

    def _empty(self) -> Changed:
        """A key that is gone takes effect at once, however long it was."""
        names = self.entries
        self._retired.add(self._digest.groups.values())
        self._show(Content({}, {}), Digest())
        return frozenset(names) if len(names) < MOST else None

    def _show(self, content: Content[T], digest: Digest) -> None:
        self._retired.add_mapping(self.entries, content.entries)
        self._retired.add_mapping(self.problems, content.problems)
        self._content, self._digest = content, digest


def _chunks(reply: Reply) -> Iterable[Chunk]:
    if isinstance(reply, Blobs):
        return reply.chunks
    return (pack(reply[start : start + PACKED]) for start in range(0, len(reply), PACKED))
