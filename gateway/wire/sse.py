"""Server-sent events: where one ends, so that an error event can follow whole events only (WHATWG HTML, 9.2)."""


class EventHold:
    """Passes a stream on up to its last whole event and holds the rest, so that a cut never leaves half an event before its error event.

    An event longer than `limit` bytes is passed on in pieces.
    """

    __slots__ = ("_held", "_inside", "limit")

    def __init__(self, limit: int = 65536) -> None:
        self.limit = limit
        self._held = bytearray()
        self._inside = False

    @property
    def at_boundary(self) -> bool:
        """Whether what was passed on ends with a whole event."""
        return not self._inside

    def feed(self, chunk: bytes) -> bytes:
        """Give what to pass on now (may be empty); the same object where the chunk ends with a whole event."""
        raise NotImplementedError

    def finish(self) -> bytes:
        """Give up what is still held, for an upstream that ended; a cut drops it instead."""
        raise NotImplementedError

    def break_prefix(self) -> bytes:
        """Say what must precede an error event now."""
        raise NotImplementedError
