"""RESP3, the protocol of Redis and Valkey, without I/O: bytes in, replies out, whatever was parsed is never parsed again; pure.

https://redis.io/docs/latest/develop/reference/protocol-spec/ Maps come out as flat lists (key, value, key, value …), as commands send them.
"""

from typing import Any, Final

Reply = Any
"""bytes, int, float, bool, None, ServerError, or a list of these."""

LONGEST_LINE: Final = 65536


class ServerError(Exception):
    """An error reply; the text begins with its code, such as `WRONGTYPE` or `OOM`."""

    @property
    def code(self) -> str:
        """First word of the text."""
        return str(self).partition(" ")[0]


class ProtocolViolationError(Exception):
    """The peer does not speak RESP3."""


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
        while (end := data.find(b"\r\n", position)) >= 0:
            kind = data[position]
            value: Reply
            if kind in _BLOBS:
                start = end + 2
                stop = start + _length(data[position + 1 : end])
                if stop + 2 > size:
                    self._wanted = stop + 2 - size
                    break
                value = data[start:stop] if kind == _STRING else _blob(kind, data[start:stop])
                position = stop + 2
            elif kind in _CONTAINERS:
                factor, container = _CONTAINERS[kind]
                count = factor * _length(data[position + 1 : end])
                value = container()
                position = end + 2
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
        else:
            self._wanted = 1
            if size - position > LONGEST_LINE:
                raise ProtocolViolationError("a line without an end")
        self._items, self._left = items, left
        return position


def _length(digits: bytes) -> int:
    length = int(digits)
    if length < 0:
        raise ValueError("negative")
    return length


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
