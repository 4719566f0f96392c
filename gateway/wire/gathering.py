"""A text message is judged as a whole: its fragments wait for the last one. Everything else passes as it comes."""

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
        elif frame.opcode != Opcode.CONTINUATION or not self._inside:
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
