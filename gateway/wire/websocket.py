"""WebSocket frames (RFC 6455 section 5), read strictly and written plainly. No extension is ever agreed on, so a reserved bit is an error.

Frames come out whole: who relays them can always end a connection between two of them.
"""

from enum import IntEnum, unique
from typing import Final

from msgspec import Struct


@unique
class Opcode(IntEnum):
    """What a frame is (section 5.2)."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


@unique
class Close(IntEnum):
    """Close codes that the gate sends (section 7.4.1)."""

    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED = 1003
    INVALID_DATA = 1007
    POLICY = 1008
    TOO_BIG = 1009
    BROKEN = 1011


LONGEST_CONTROL: Final = 125
FINAL: Final = 0x80
RESERVED: Final = 0x70
OPCODE: Final = 0x0F
MASKED: Final = 0x80
LENGTH: Final = 0x7F
IN_2_BYTES: Final = 126
IN_8_BYTES: Final = 127
CONTROL: Final = 0x8

_KNOWN: Final = frozenset(Opcode)
# What may stand in a close frame: 1004 to 1006 and 1015 never do (section 7.4.1), 1012 to 1014 are registered with IANA.
_CODES: Final = frozenset((*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)))
_XOR: Final = tuple(bytes(byte ^ key for byte in range(256)) for key in range(256))
_SMALL: Final = 512
_BLOCK: Final = 65_536


class Frame(Struct, frozen=True, gc=False):
    """One frame, its payload unmasked. `final` ends a message."""

    opcode: int
    payload: bytes
    final: bool = True


class Violation(Struct, frozen=True, gc=False):
    """Why a connection cannot go on, as a close code and a text of the gate's own."""

    code: Close
    text: str


def encode(frame: Frame, key: bytes | None = None) -> bytes:
    """Spell a frame; masked with the four bytes of `key` if it goes to a server (section 5.3)."""
    size = len(frame.payload)
    first = frame.opcode | (FINAL if frame.final else 0)
    masked = 0 if key is None else MASKED
    if size < IN_2_BYTES:
        head = bytes((first, masked | size))
    elif size <= 0xFFFF:  # noqa: PLR2004 - the most that two bytes hold
        head = bytes((first, masked | IN_2_BYTES)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, masked | IN_8_BYTES)) + size.to_bytes(8, "big")
    return head + frame.payload if key is None else head + key + mask(frame.payload, key)


def mask(data: bytes, key: bytes) -> bytes:
    """Mask or unmask `data` with a key of four bytes (section 5.3)."""
    size = len(data)
    if size <= _SMALL:
        repeated = (key * (size // 4 + 1))[:size]
        return (int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")).to_bytes(size, "little")
    if size > _BLOCK:
        return b"".join([mask(data[start : start + _BLOCK], key) for start in range(0, size, _BLOCK)])
    out = bytearray(data)
    for index, byte in enumerate(key):
        out[index::4] = out[index::4].translate(_XOR[byte])
    return bytes(out)


def close(code: int, text: str) -> Frame:
    """Make a close frame; `text` is shortened to what fits, never inside a character (section 5.5.1)."""
    reason = text.encode()[: LONGEST_CONTROL - 2].decode("utf-8", "ignore").encode()
    return Frame(Opcode.CLOSE, code.to_bytes(2, "big") + reason)


def close_problem(payload: bytes) -> Violation | None:
    """Say what is wrong with the payload of a close frame that was received (sections 5.5.1 and 7.4), or None."""
    if not payload:
        return None
    if len(payload) == 1 or int.from_bytes(payload[:2], "big") not in _CODES:
        return Violation(Close.PROTOCOL_ERROR, "a close frame has no valid code")
    return text_problem(payload[2:])


def text_problem(text: bytes) -> Violation | None:
    """Say that `text` is not UTF-8 (section 8.1), or None."""
    if not text.isascii():
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            return Violation(Close.INVALID_DATA, "text is not UTF-8")
    return None


def head_problem(first: int, second: int, *, masked: bool, inside: bool) -> Violation | None:
    """Say what is wrong with a frame's first two bytes, or None. `inside`: a fragmented message is under way."""
    opcode, length = first & OPCODE, second & LENGTH
    problem = ""
    if first & RESERVED:
        problem = "a reserved bit is set; no extension was agreed on"
    elif opcode not in _KNOWN:
        problem = "the opcode is not known"
    elif bool(second & MASKED) is not masked:
        problem = "frames to the server must be masked" if masked else "frames from the server must not be masked"
    elif opcode & CONTROL:
        if length > LONGEST_CONTROL:
            problem = "a control frame is over 125 bytes"
        elif not first & FINAL:
            problem = "a control frame is fragmented"
    elif (opcode == Opcode.CONTINUATION) is not inside:
        problem = "a message begins inside another" if inside else "a continuation continues nothing"
    return Violation(Close.PROTOCOL_ERROR, problem) if problem else None
