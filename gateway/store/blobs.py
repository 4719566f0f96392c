"""Long replies of strings, kept as they were sent: a million entries are some thousand objects, and one changed entry is one of them; pure.

A chunk holds some pairs of strings in their own spelling, whose framing was checked when they came.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

END: Final = b"\r\n"
LONGEST_LINE: Final = 65536
STRING: Final = ord("$")
_HEADERS: Final = {length: b"$%d" % length for length in range(2048)}


class ProtocolViolationError(Exception):
    """The peer does not speak RESP3."""


class Chunk(Struct, frozen=True, gc=False):
    """Some pairs of a reply: the bytes as sent, how many strings these are, and the first of them."""

    data: bytes
    size: int
    first: bytes

    def strings(self) -> list[bytes]:
        """Give the strings themselves."""
        parts = self.data.split(END)
        found = parts[1::2]
        return found if agreeing(parts[:-1:2], found) == self.size else list(_read(self.data))


class Blobs:
    """A reply of `size` strings. Iterated it gives them one by one."""

    __slots__ = ("chunks", "size")

    def __init__(self, chunks: list[Chunk]) -> None:
        self.chunks = chunks
        self.size = sum(chunk.size for chunk in chunks)

    def __repr__(self) -> str:
        return f"Blobs({self.size} in {len(self.chunks)} chunks)"

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            yield from chunk.strings()


def pack(strings: Sequence[bytes]) -> Chunk:
    """Make a chunk of strings, of which there is at least one."""
    return Chunk(b"".join([b"$%d\r\n%b\r\n" % (len(string), string) for string in strings]), len(strings), strings[0])


def length_of(digits: bytes) -> int:
    """Read a length. Raises ValueError if it is none."""
    length = int(digits)
    if length < 0:
        raise ValueError("negative")
    return length


def agreeing(headers: list[bytes], strings: list[bytes]) -> int:
    """Of strings without an end of line: how many of the first ones have the length that their header says."""
    wanted = list(map(_HEADERS.get, map(len, strings)))
    return len(strings) if headers == wanted else next(index for index, header in enumerate(headers) if header != wanted[index])


def _read(data: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(data):
        line = data.index(END, position)
        start, position = line + 2, line + 4 + int(data[position + 1 : line])
        yield data[start : position - 2]
