"""RESP3, the protocol of Redis and Valkey, without I/O: bytes in, replies out, whatever was parsed is never parsed again; pure.

https://redis.io/docs/latest/develop/reference/protocol-spec/ Maps come out as flat lists (key, value, key, value …), as commands send them;
long ones of strings alone as Blobs.
"""

from typing import Any, Final

from gateway.store.blob_reader import BlobReader, Memory
from gateway.store.blobs import END, LONGEST_LINE, Chunk, ProtocolViolationError, length_of

Reply = Any
"""bytes, int, float, bool, None, ServerError, a list of these, or Blobs."""

LONG: Final = 1024
"""Elements from which a list or map is kept as Blobs, if all are strings."""


class ServerError(Exception):
    """An error reply; the text begins with its code, such as `WRONGTYPE` or `OOM`."""

    @property
    def code(self) -> str:
        """First word of the text."""
        return str(self).partition(" ")[0]


class Push(list[Reply]):
    """Sent by the server unasked: kind, then what it carries."""


_STRING: Final = ord("$")
_BLOBS: Final = frozenset(b"$!=")
_CONTAINERS: Final = {ord("*"): (1, list), ord("~"): (1, list), ord(">"): (1, Push), ord("%"): (2, list)}


def encode(arguments: tuple[str | bytes | int, ...]) -> bytes:
    """One command as the server reads it."""
    parts = [f"*{len(arguments)}\r\n".encode()]
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts += (f"${len(data)}\r\n".encode(), data, b"\r\n")
    return b"".join(parts)


class Parser:
    """Feed it what arrives, in any pieces; it keeps unfinished replies for the next piece."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._wanted = 0
        self._items: list[Reply] | None = None
        self._left = 0
        self._outer: list[tuple[list[Reply], int]] = []
        self._reader: BlobReader | None = None
        self._chunks: list[Chunk] = []
        self._memory = Memory([])

    def __repr__(self) -> str:
        return f"Parser({sum(map(len, self._rest))} bytes kept, {self._left} elements awaited)"

    def feed(self, data: bytes) -> list[Reply]:
        """Answer the replies that `data` completes. Raises ProtocolViolationError."""
        if self._rest:
            self._rest.append(data)
            self._wanted -= len(data)
            if self._wanted > 0:
                return []
            data = b"".join(self._rest)
            self._rest.clear()
        complete: list[Reply] = []
        try:
            used = self._parse(data, complete)
        except ValueError:
            raise ProtocolViolationError("a length or number in a reply cannot be read") from None
        if used < len(data):
            self._rest.append(data[used:])
        return complete

    def _parse(self, data: bytes, complete: list[Reply]) -> int:
        position, size = 0, len(data)
        while (end := data.find(END, position)) >= 0:
            kind = data[position]
            if self._reader is not None:
                position = self._reader.read(data, position)
                if not self._read_on(self._reader, complete):
                    return position
            elif kind in _BLOBS:
                start = end + 2
                stop = start + length_of(data[position + 1 : end])
                if stop + 2 > size:
                    self._wanted = stop + 2 - size
                    return position
                self._add(data[start:stop] if kind == _STRING else _blob(kind, data[start:stop]), complete)
                position = stop + 2
            elif kind in _CONTAINERS:
                self._open(kind, length_of(data[position + 1 : end]), complete)
                position = end + 2
            else:
                self._add(_scalar(kind, data[position + 1 : end]), complete)
                position = end + 2
        self._wanted = 1
        if size - position > LONGEST_LINE:
            raise ProtocolViolationError("a line without an end")
        return position

    def _open(self, kind: int, length: int, complete: list[Reply]) -> None:
        """Begin a list, map or push."""
        factor, container = _CONTAINERS[kind]
        if not length:
            self._add(container(), complete)
        elif factor * length >= LONG and container is list:
            self._reader = BlobReader(factor * length, self._memory)
        else:
            self._enter(container(), factor * length)

    def _enter(self, items: list[Reply], left: int) -> None:
        if self._items is not None:
            self._outer.append((self._items, self._left))
        self._items, self._left = items, left

    def _read_on(self, reader: BlobReader, complete: list[Reply]) -> bool:
        """Go on after what the reader of a long list took; False if it wants more."""
        if reader.left and not reader.refused:
            self._wanted = reader.missing
            return False
        self._reader, blobs = None, reader.blobs()
        if reader.refused:
            self._enter(list(blobs), reader.left)
        else:
            self._chunks += blobs.chunks
            self._add(blobs, complete)
        return True

    def _add(self, value: Reply, complete: list[Reply]) -> None:
        """Put one value where it belongs, and with it whatever it makes complete."""
        while self._items is not None:
            self._items.append(value)
            self._left -= 1
            if self._left:
                return
            value = self._items
            self._items, self._left = self._outer.pop() if self._outer else (None, 0)
        complete.append(value)
        if self._chunks:  # the next long reply is compared with this one
            self._memory, self._chunks = Memory(self._chunks), []


def _blob(kind: int, data: bytes) -> Reply:
    return ServerError(data.decode("utf-8", "replace")) if kind == ord("!") else data[4:]


def _scalar(kind: int, line: bytes) -> Reply:
    match chr(kind):
        case "+":
            return line
        case ":" | "(":
            return int(line)
        case "-":
            return ServerError(line.decode("utf-8", "replace"))
        case "_":
            return None
        case "#":
            return line == b"t"
        case ",":
            return float(line)
        case _:
            raise ProtocolViolationError(f"a reply of unknown kind {chr(kind)!r}")
