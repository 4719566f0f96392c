"""A streamed JSON array (Gemini without `alt=sse`): where an element ends, so that an error follows whole elements only."""

import re
from typing import Final

# Between strings, what opens and closes; within one, what ends it or hides its end. One step for each, not for each byte.
_OUTSIDE: Final = re.compile(rb'["\[\]{}]')
_INSIDE: Final = re.compile(rb'["\\]')
_QUOTE: Final = ord('"')
_BACKSLASH: Final = ord("\\")
_OPENING: Final = b"[{"
_LIST: Final = ord("[")


class ArrayHold:
    """Passes an array on up to its last whole element and holds the rest, at most `limit` bytes of it, as `EventHold` does.

    An element longer than that is passed on in pieces; then `at_boundary` is False until it ends. Elements are objects.
    """

    __slots__ = ("_depth", "_elements", "_held", "_hidden", "_in_text", "_inside", "_kind", "limit")

    def __init__(self, limit: int = 65536) -> None:
        self.limit = limit
        self._held = bytearray()
        self._depth = 0
        self._elements = 0
        self._kind = 0  # the byte that opened the whole
        self._in_text = False
        self._hidden = False  # a backslash ended the last chunk
        self._inside = False

    def __repr__(self) -> str:
        return f"<ArrayHold held={len(self._held)} at_boundary={self.at_boundary}>"

    @property
    def at_boundary(self) -> bool:
        """Whether what was passed on ends with a whole element, or between the array's own brackets."""
        return not self._inside

    def lets_pass(self, framed: bytes, size: int) -> bool:
        """Never: where an element ends is found by reading the chunk."""
        del framed, size
        return False

    def feed(self, chunk: bytes) -> bytes:
        """Give what to pass on now; may be empty."""
        end = self._scan(chunk)
        if self._inside:
            return self._feed_inside(chunk, end)
        self._held += chunk
        if end >= 0:
            end += len(self._held) - len(chunk)
        elif len(self._held) > self.limit:
            self._inside, end = True, len(self._held)
        passed = bytes(self._held[: max(end, 0)])
        del self._held[: max(end, 0)]
        return passed

    def _feed_inside(self, chunk: bytes, end: int) -> bytes:
        if end < 0:
            return chunk
        self._inside = False
        self._held += chunk[end:]
        return chunk[:end]

    def _scan(self, chunk: bytes) -> int:
        """Follow the structure through `chunk`; give the end of the last whole element (or bracket of the array) in it, -1 if none."""
        place, end = int(self._hidden and bool(chunk)), -1
        self._hidden = self._hidden and not chunk
        while found := (_INSIDE if self._in_text else _OUTSIDE).search(chunk, place):
            place, byte = found.end(), chunk[found.start()]
            if byte == _QUOTE:
                self._in_text = not self._in_text
            elif byte == _BACKSLASH:
                self._hidden = place == len(chunk)
                place += 1
            elif self._step(byte):
                end = place
        return end

    def _step(self, byte: int) -> bool:
        if byte in _OPENING:
            self._kind = self._kind or byte
            self._depth += 1
            return self._depth == 1
        self._depth -= 1
        self._elements += self._depth == 1
        return self._depth <= 1

    def finish(self) -> bytes:
        """Give up what is still held, for an upstream that ended; a cut drops it instead."""
        rest = bytes(self._held)
        self._held.clear()
        self._inside = self._inside or self._depth > 0
        return rest

    def last(self, event: bytes) -> bytes:
        """Make the array's last element, and its end, of a server-sent event's data; nothing where it could not be read as one."""
        if self._inside or (self._kind and (self._kind != _LIST or self._over)):
            return b""
        data = b"".join(line[6:] for line in event.split(b"\n") if line.startswith(b"data: "))
        return (b",\n" if self._elements else b"" if self._kind else b"[") + data + b"]"

    @property
    def _over(self) -> bool:
        return self._depth == 0
