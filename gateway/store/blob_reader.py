"""Reads long replies of strings into chunks; pure.

While such a reply arrives it is compared with the one before it: where both hold the same bytes nothing is read, made or kept twice.
Where they differ, pairs are read until one begins a known chunk again. Only the cost rests on that memory, never the content: a chunk
is taken over only if each of its bytes has come again.
"""

from collections.abc import Sequence
from typing import Final

from gateway.store.blobs import END, LONGEST_LINE, STRING, Blobs, Chunk, ProtocolViolationError, agreeing, length_of

SLAB: Final = 8192
"""Bytes looked at together; chunks are of about this size."""

CRUMB: Final = SLAB // 4
"""Bytes below which a chunk is joined to the one before."""

LONGEST_CHUNK: Final = 4 * SLAB
"""A longer one is recognised only if all of it is there: it is not waited for."""

CAREFUL: Final = 64
"""Pairs read one by one after one that could not be read with others."""


class Memory:
    """What the last reply consisted of, and where in it we are."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self._chunks = chunks
        self._places = dict(zip([chunk.first for chunk in chunks], range(len(chunks)), strict=True))
        self._place = 0

    def __repr__(self) -> str:
        return f"Memory({len(self._chunks)} chunks, at {self._place})"

    @property
    def expected(self) -> Chunk | None:
        """The chunk that comes next if nothing has changed."""
        return self._chunks[self._place] if self._place < len(self._chunks) else None

    def step(self) -> None:
        """It came."""
        self._place += 1

    def turn_to(self, name: bytes) -> bool:
        """Expect the chunk that `name` began, if there is one, and if it is not expected already."""
        place = self._places.get(name, self._place)
        changed, self._place = place != self._place, place
        return changed

    def seek(self, names: Sequence[bytes]) -> int | None:
        """Look behind the first of `names` for one that began a chunk, and expect that one. Its index, if there is one."""
        if not self._places or self._places.keys().isdisjoint(names[1:]):
            return None
        index = next(index for index, name in enumerate(names) if index and name in self._places)
        self._place = self._places[names[index]]
        return index


class BlobReader:
    """Reads `left` strings out of what arrives. `missing`: so many bytes are sure to come, and it cannot go on without them.

    `refused`: something else than a string has come, and is left to others; so are `blobs` as far as they go.
    """

    def __init__(self, count: int, memory: Memory) -> None:
        self.left = count
        self.missing = 0
        self.refused = False
        self._memory = memory
        self._chunks: list[Chunk] = []
        self._loose: list[bytes] = []
        self._loose_first = b""
        self._loose_size = 0

    def __repr__(self) -> str:
        return f"BlobReader({self.left} strings to come)"

    def read(self, data: bytes, position: int) -> int:
        """Take what is whole of `data` from `position` on; where that ends. Raises ProtocolViolationError or ValueError."""
        while self.left:
            taken = self._recall(data, position)
            if not taken and self._memory.turn_to(_peek(data, position)):
                taken = self._recall(data, position)
            taken = taken or self._read_slab(data, position) or self._read_pairs(data, position)
            if taken <= 0:
                self.missing = -taken
                break
            position += taken
        return position

    def blobs(self) -> Blobs:
        """Give what was read."""
        self._bind()
        return Blobs(self._chunks)

    def _recall(self, data: bytes, position: int) -> int:
        """Take the expected chunk, if it is here: bytes taken, 0 if it is not, -1 if what is here may become it."""
        chunk = self._memory.expected
        if chunk is None or chunk.size > self.left:
            return 0
        known = chunk.data
        if data.startswith(known, position):
            self._bind()
            self._chunks.append(chunk)
            self._memory.step()
            self.left -= chunk.size
            return len(known)
        cut = len(data) - position < len(known) <= LONGEST_CHUNK
        return -1 if cut and known.startswith(data[position:]) else 0

    def _read_slab(self, data: bytes, position: int) -> int:
        """Take many pairs at once, as long as each length stands before a string without an end of line that has it; bytes taken."""
        parts = data[position : position + SLAB].split(END)
        count = self._whole((len(parts) - 1) // 2)
        headers, strings = parts[: 2 * count : 2], parts[1 : 2 * count : 2]
        if (good := agreeing(headers, strings)) < count:
            count = good & ~1
            headers, strings = headers[:count], strings[:count]
        if (known := self._memory.seek(strings[::2])) is not None:
            count = 2 * known
            headers, strings = headers[:count], strings[:count]
        if not count:
            return 0
        length = sum(map(len, headers)) + sum(map(len, strings)) + 2 * len(END) * count
        self._keep(data[position : position + length], strings[0], count)
        return length

    def _whole(self, count: int) -> int:
        """Of `count` strings those that are whole pairs, or the last ones."""
        return self.left if count >= self.left else count & ~1

    def _read_pairs(self, data: bytes, position: int) -> int:
        """Take some pairs one by one: bytes taken, or negative how many are missing of the first."""
        taken = 0
        for _ in range(CAREFUL):
            length, first = self._read_pair(data, position + taken)
            if length <= 0:
                return taken or length
            self._keep(data[position + taken : position + taken + length], first, min(2, self.left))
            taken += length
            if not self.left or self._memory.seek((b"", _peek(data, position + taken))) is not None:
                break
        return taken

    def _read_pair(self, data: bytes, position: int) -> tuple[int, bytes]:
        end, first = position, b""
        for number in range(min(2, self.left)):
            line = data.find(END, end)
            if line < 0:
                if len(data) - end > LONGEST_LINE:
                    raise ProtocolViolationError("a line without an end")
                return -1, b""
            if data[end] != STRING:
                self.refused = True
                return 0, b""
            start, end = line + 2, line + 4 + length_of(data[end + 1 : line])
            if end > len(data):
                return len(data) - end, b""
            if data[end - 2 : end] != END:
                raise ProtocolViolationError("a string longer than it was said to be")
            if not number:
                first = data[start : end - 2]
        return end - position, first

    def _keep(self, data: bytes, first: bytes, count: int) -> None:
        if not self._loose:
            self._loose_first = first
        self._loose.append(data)
        self._loose_size += count
        self.left -= count
        if sum(map(len, self._loose)) > SLAB // 2:
            self._bind()

    def _bind(self) -> None:
        """Make a chunk of what is loose, or join it to the one before, if it is little: many edits must not leave crumbs."""
        if not self._loose:
            return
        chunk = Chunk(b"".join(self._loose), self._loose_size, self._loose_first)
        self._loose, self._loose_size = [], 0
        if self._chunks and len(chunk.data) < CRUMB and len(self._chunks[-1].data) < 2 * SLAB:
            last = self._chunks.pop()
            chunk = Chunk(last.data + chunk.data, last.size + chunk.size, last.first)
        self._chunks.append(chunk)


def _peek(data: bytes, position: int) -> bytes:
    """Give the string that begins here, or nothing if it is not all there."""
    line = data.find(END, position)
    if line < 0 or data[position] != STRING:
        return b""
    end = line + 2 + length_of(data[position + 1 : line])
    return data[line + 2 : end] if end <= len(data) else b""
