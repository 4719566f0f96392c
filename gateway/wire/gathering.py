"""A text message is judged as a whole: its fragments wait for the last one. Control frames pass as they come.

A binary message is refused: no API of these routes has any, and many a server would read one as the JSON event that it may hold.
"""

from gateway.wire.websocket import Close, Frame, Opcode, Violation


class Gathering:
    """Holds the fragments of one text message, at most `largest` bytes."""

    __slots__ = ("_held", "_inside", "_largest")

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._held = bytearray()
        self._inside = False

    def __repr__(self) -> str:
        return f"<Gathering held={len(self._held)}>"

    @property
    def waiting(self) -> int:
        """Bytes held, and one for the message itself; 0 where no message is under way."""
        return len(self._held) + self._inside

    def take(self, frame: Frame) -> Frame | Violation | None:
        """Give what can be judged or passed on now: the frame itself, a message whole at last, or nothing yet."""
        if frame.opcode == Opcode.TEXT:
            if frame.final:
                return frame
            self._inside = True
        elif frame.opcode == Opcode.BINARY:
            return Violation(Close.UNSUPPORTED, "events are sent as text")
        elif frame.opcode != Opcode.CONTINUATION:
            return frame
        self._held += frame.payload
        if len(self._held) > self._largest:
            return Violation(Close.TOO_BIG, f"a message is over {self._largest} bytes")
        if not frame.final:
            return None
        whole = Frame(Opcode.TEXT, bytes(self._held))
        self._held.clear()
        self._inside = False
        return whole
