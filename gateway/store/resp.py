"""RESP3, the protocol of Redis and Valkey, without I/O: bytes in, replies out, whatever was parsed is never parsed again; pure.

https://redis.io/docs/latest/develop/reference/protocol-spec/ Maps come out as flat lists (key, value, key, value …), as commands send them;
long ones of strings alone as Blobs.
"""

from typing import Any, Final

from gateway.store.blobs import LONGEST_LINE, BlobReader, Blobs, Chunk, Memory, ProtocolViolationError, length_of

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
        items, left = self._items, self._left
        value: Reply
        while (end := data.find(b"\r\n", position)) >= 0:
            kind = data[position]
            if self._reader is not None:
                position = self._reader.read(data, position)
                if self._reader.refused:
                    if items is not None:
                        self._outer.append((items, left))
                    items, left = list(self._reader.blobs()), self._reader.left
                    self._reader = None
                    continue
                if self._reader.left:
                    self._wanted = self._reader.missing
                    break
                value = self._remember(self._reader.blobs())
            elif kind in _BLOBS:
                start = end + 2
                stop = start + length_of(data[position + 1 : end])
                if stop + 2 > size:
                    self._wanted = stop + 2 - size
                    break
                value = data[start:stop] if kind == _STRING else _blob(kind, data[start:stop])
                position = stop + 2
            elif kind in _CONTAINERS:
                factor, container = _CONTAINERS[kind]
                count = factor * length_of(data[position + 1 : end])
                value = container()
                position = end + 2
                if count >= LONG and container is list:
                    self._reader = BlobReader(count, self._memory)
                    continue
                if count:
                    if items is not None:
                        self._outer.append((items, left))
                    items, left = value, count
                    continue
            else:
                value = _scalar(kind, data[position + 1 : end])
                position = end + 2
            while items is not None:
                items.append(value)
                left -= 1
                if left:
                    break
                value = items
                items, left = self._outer.pop() if self._outer else (None, 0)
            else:
                complete.append(value)
                self._recall()
        else:
            self._wanted = 1
            if size - position > LONGEST_LINE:
                raise ProtocolViolationError("a line without an end")
        self._items, self._left = items, left
        return position

    def _remember(self, blobs: Blobs) -> Blobs:
        self._reader = None
        self._chunks += blobs.chunks
        return blobs

    def _recall(self) -> None:
        """Compare the next long reply with this one, if it was one."""
        if self._chunks:
            self._memory = Memory(self._chunks)
            self._chunks = []


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
