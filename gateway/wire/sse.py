"""Server-sent events: where one ends, so that an error event follows whole events only (WHATWG HTML section 9.2.6).

The official SDKs read half an event followed by an error event as broken JSON, and never show the reason. So the last,
unfinished event of a stream is held until it is whole; no client can use it sooner. A cut drops it.
"""

from typing import Final

# A line end directly after a line end; a lone CRLF is one line end.
_BOUNDARIES: Final = (b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n", b"\r\r\n", b"\n\r")
_FRAMED: Final = tuple(mark + b"\r\n" for mark in _BOUNDARIES)
_LONGEST: Final = max(map(len, _BOUNDARIES))


def is_event_stream(content_type: bytes | None) -> bool:
    """Whether a Content-Type value says text/event-stream, with or without parameters."""
    return content_type is not None and content_type.partition(b";")[0].strip().lower() == b"text/event-stream"


class EventHold:
    """Passes a stream on up to its last whole event and holds the rest, at most `limit` bytes of it.

    An event longer than that is passed on in pieces; then `at_boundary` is False until it ends.
    """

    __slots__ = ("_held", "_inside", "_tail", "limit")

    def __init__(self, limit: int = 65536) -> None:
        self.limit = limit
        self._held = bytearray()
        self._inside = False
        self._tail = b""

    def __repr__(self) -> str:
        return f"<EventHold held={len(self._held)} at_boundary={self.at_boundary}>"

    @property
    def at_boundary(self) -> bool:
        """Whether what was passed on ends with a whole event."""
        return not self._inside

    def lets_pass(self, framed: bytes, size: int) -> bool:
        """Whether a chunk of `size` bytes may pass as it came, framed: nothing is held, and it ends with a whole event."""
        return size >= _LONGEST and not self._held and not self._inside and framed.endswith(_FRAMED)

    def feed(self, chunk: bytes) -> bytes:
        """Give what to pass on now (may be empty); the same object where the chunk ends with a whole event."""
        if not self._held and not self._inside and chunk.endswith(_BOUNDARIES):
            return chunk
        return self._feed_slowly(chunk)

    def _feed_slowly(self, chunk: bytes) -> bytes:
        if self._inside:
            return self._feed_inside(chunk)
        held = self._held
        seen = len(held)
        held += chunk
        end = _last_boundary(held, max(0, seen - _LONGEST))
        if len(held) - end > self.limit:
            self._inside = True
            self._tail = bytes(held[-_LONGEST:])
            end = len(held)
        passed = bytes(held[:end])
        del held[:end]
        return passed

    def _feed_inside(self, chunk: bytes) -> bytes:
        joined = self._tail + chunk
        end = _last_boundary(joined, 0) - len(self._tail)
        if end <= 0:
            self._tail = joined[-_LONGEST:]
            return chunk
        self._inside = False
        return chunk[:end] + self._feed_slowly(chunk[end:])

    def finish(self) -> bytes:
        """Give up what is still held, for an upstream that ended; a cut drops it instead."""
        rest = bytes(self._held)
        self._held.clear()
        self._inside = self._inside or bool(rest.strip(b"\r\n"))
        return rest

    def break_prefix(self) -> bytes:
        """Say what must precede an error event now: nothing, or what ends the line that was cut off.

        A new line, not a blank one: the half event and the error event then are one event, which parsers that look at
        its type (Anthropic's) still read as an error.
        """
        return b"\n" if self._inside else b""

    def last(self, event: bytes) -> bytes:
        """Make the stream's last bytes of an event."""
        return self.break_prefix() + event


def _last_boundary(data: bytes | bytearray, start: int) -> int:
    """Give the end of the last whole event in `data`, 0 if there is none; what lies before `start` was looked at before."""
    return max((at + len(mark) for mark in _BOUNDARIES if (at := data.rfind(mark, start)) >= 0), default=0)
