"""Reads WebSocket frames as their bytes come, in pieces of any size. What came is unmasked at once, so no large frame is in one go."""

import codecs
from typing import Final

from gateway.wire.websocket import (
    CONTROL,
    FINAL,
    IN_2_BYTES,
    IN_8_BYTES,
    LENGTH,
    OPCODE,
    Close,
    Frame,
    Opcode,
    Violation,
    close_problem,
    head_problem,
    mask,
    text_problem,
)

_UTF8: Final = codecs.getincrementaldecoder("utf-8")
_ENDS: Final = {IN_2_BYTES: 4, IN_8_BYTES: 10}
_SMALLEST: Final = {IN_2_BYTES: IN_2_BYTES, IN_8_BYTES: 0x10000}
_LARGEST: Final = 1 << 63


class FrameReader:
    """`feed` gives frames; once `violation` is set, or a close frame was given, it reads no more.

    `masked`: whether the sender is a client, which must mask (section 5.1). `largest`: bytes of one frame's payload.
    """

    __slots__ = ("_head", "_held", "_inside", "_key", "_largest", "_masked", "_missing", "_rest", "_text", "ended", "violation")

    def __init__(self, *, masked: bool, largest: int) -> None:
        self._masked = masked
        self._largest = largest
        self._rest = b""  # a head that is not whole
        self._head = -1  # first byte of the frame under way, -1 between frames
        self._missing = 0
        self._key = b""
        self._held = bytearray()  # of the payload under way; in one piece, whatever pieces it came in
        self._inside = False
        self._text: codecs.IncrementalDecoder | None = None
        self.ended = False
        self.violation: Violation | None = None

    def __repr__(self) -> str:
        state = repr(self.violation) if self.violation else "ended" if self.ended else f"missing={self._missing}"
        return f"<FrameReader {'of a client' if self._masked else 'of a server'} {state}>"

    @property
    def waiting(self) -> int:
        """Bytes held of a frame that is not whole."""
        return len(self._rest) + len(self._held) + (self._head >= 0)

    def feed(self, data: bytes) -> list[Frame]:
        """Give the frames that `data` makes whole."""
        frames: list[Frame] = []
        if self._rest:
            data, self._rest = self._rest + data, b""
        position, end = 0, len(data)
        while not self.ended:
            if self._head < 0:
                size = self._open(data, position)
                if size == 0:
                    break
                position += size
            if end - position < self._missing:
                self._keep(data[position:])
                return frames
            payload = data[position : position + self._missing]
            position += self._missing
            self._finish(payload, frames)
        if not self.ended:
            self._rest = data[position:]
        return frames

    def _open(self, data: bytes, start: int) -> int:
        """Read the head at `start`: how many bytes it has, or 0 where it is not whole, or wrong."""
        if len(data) - start < 2:  # noqa: PLR2004 - the shortest head
            return 0
        first, second = data[start], data[start + 1]
        problem = head_problem(first, second, masked=self._masked, inside=self._inside)
        form = second & LENGTH
        size = _ENDS.get(form, 2)
        whole = size + 4 if self._masked else size
        if problem is None and len(data) - start < whole:
            return 0
        length = int.from_bytes(data[start + 2 : start + size], "big") if size > 2 else form  # noqa: PLR2004 - a length of its own
        problem = problem or self._length_problem(length, _SMALLEST.get(form, 0))
        if problem is not None:
            self._fail(problem)
            return 0
        self._head, self._missing, self._key = first, length, data[start + size : start + whole]
        return whole

    def _length_problem(self, length: int, smallest: int) -> Violation | None:
        if length < smallest or length >= _LARGEST:
            return Violation(Close.PROTOCOL_ERROR, "a length is not in its shortest form")
        return Violation(Close.TOO_BIG, f"a frame is over {self._largest} bytes") if length > self._largest else None

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._missing -= len(piece)
            self._held += self._unmasked(piece)

    def _unmasked(self, piece: bytes) -> bytes:
        if not self._masked:
            return piece
        turn = len(piece) & 3
        plain = mask(piece, self._key)
        if turn:
            self._key = self._key[turn:] + self._key[:turn]
        return plain

    def _finish(self, last: bytes, frames: list[Frame]) -> None:
        """The frame is whole: look at what it says, and give it."""
        payload = self._unmasked(last)
        if self._held:
            payload = bytes(self._held) + payload
            self._held.clear()
        first, self._head = self._head, -1
        frame = Frame(first & OPCODE, payload, bool(first & FINAL))
        problem = self._content_problem(frame)
        if problem is None:
            frames.append(frame)
        else:
            self._fail(problem)

    def _content_problem(self, frame: Frame) -> Violation | None:
        if frame.opcode & CONTROL:
            if frame.opcode != Opcode.CLOSE:
                return None
            self.ended = True
            return close_problem(frame.payload)
        self._inside = not frame.final
        if frame.opcode == Opcode.TEXT:
            if frame.final:
                return text_problem(frame.payload)
            self._text = _UTF8()
        return self._fragment_problem(frame) if self._text is not None else None

    def _fragment_problem(self, frame: Frame) -> Violation | None:
        """A character may be spread over two fragments, but not over two messages."""
        decoder = self._text
        if frame.final:
            self._text = None
        try:
            if decoder is not None:
                decoder.decode(frame.payload, frame.final)
        except UnicodeDecodeError:
            return Violation(Close.INVALID_DATA, "text is not UTF-8")
        return None

    def _fail(self, violation: Violation) -> None:
        self.violation = violation
        self.ended = True
        self._held.clear()
        self._rest = b""
