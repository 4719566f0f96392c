"""WebSocket frames, read by a server that forgives everything and written by a caller that breaks every rule (RFC 6455). Pure."""

import json
import zlib
from typing import Final

TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
KEY: Final = b"\x37\xfa\x21\x3d"
LARGEST: Final = 1 << 24
COMPRESSED: Final = 0x40
_TAIL: Final = b"\x00\x00\xff\xff"
_NOTHING: Final = b"\0\0\0\0"


def frame(payload: bytes, opcode: int = TEXT, *, final: bool = True, masked: bool = True, bits: int = 0, size: int | None = None) -> bytes:
    """Write a frame; `bits` are reserved ones, `size` a length that may be false."""
    length = len(payload) if size is None else size
    first, mask = opcode | (0x80 if final else 0) | bits, 0x80 if masked else 0
    if length < 126:  # noqa: PLR2004 - section 5.2
        head = bytes((first, mask | length))
    elif length <= 0xFFFF:  # noqa: PLR2004 - section 5.2
        head = bytes((first, mask | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, mask | 127)) + length.to_bytes(8, "big")
    return head + (KEY + xor(payload, KEY) if masked else payload)


def event(kind: str, **rest: object) -> bytes:
    """Write one event of a realtime API as text."""
    return json.dumps({"type": kind} | rest).encode()


def xor(payload: bytes, key: bytes) -> bytes:
    """Mask or unmask."""
    repeated = (key * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")).to_bytes(len(payload), "little")


def take(data: bytes) -> tuple[int, bytes, int] | None:
    """Read one frame, whatever its bits and length say: opcode, payload, bytes used. None while it is not whole."""
    if len(data) < 2:  # noqa: PLR2004 - two bytes begin every frame
        return None
    wide = {126: 2, 127: 8}.get(data[1] & 0x7F, 0)
    start = 2 + wide
    size = int.from_bytes(data[2:start], "big") if wide else data[1] & 0x7F
    masked = bool(data[1] & 0x80)
    end = start + (4 if masked else 0) + size
    if size > LARGEST:
        end = len(data)  # nobody sends so much: it is read as far as it came
    if len(data) < end:
        return None
    payload = xor(data[start + 4 : end], data[start : start + 4]) if masked else data[start:end]
    return data[0] & 0xF, _inflated(payload) if data[0] & COMPRESSED else payload, end


def _inflated(payload: bytes) -> bytes:
    try:
        return zlib.decompressobj(-15).decompress(payload + _TAIL, LARGEST)
    except zlib.error:
        return payload
