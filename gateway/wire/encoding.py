"""Compressed bodies: opened to be judged, within bounds, and forwarded as they came. What readers could open in two ways is refused.

gzip (RFC 1952) and deflate (RFC 1950) are read; any other coding is refused. So are a second gzip member, bytes after the end, a
stream that does not end, and a deflate body that reads as raw deflate (RFC 1951) too, which some servers try first.
"""

import zlib
from typing import Final

LARGEST: Final = 16 * 1024 * 1024
"""Most bytes that a body may have when opened."""

RATIO: Final = 100
"""Most bytes of text for each byte of a compressed body over `SMALL` bytes of text."""

SMALL: Final = 1024 * 1024

_WINDOWS: Final = {b"gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
_PLAIN: Final = frozenset((b"", b"identity"))


def opened(coding: bytes, body: bytes) -> bytes | str:
    """Give what a body with this Content-Encoding says, the same object where it has none; or a text: why it cannot be judged."""
    coding = coding.strip().lower()
    if coding in _PLAIN:
        return body
    if coding not in _WINDOWS:
        return "content-encoding: only gzip and deflate are read; send the body as it is"
    if coding == b"deflate" and _is_raw(body):
        return "content-encoding: this deflate body reads in two ways; send gzip or the body as it is"
    return _inflated(_WINDOWS[coding], body)


def _inflated(window: int, body: bytes) -> bytes | str:
    limit = min(LARGEST, max(SMALL, RATIO * len(body)))
    stream = zlib.decompressobj(window)
    try:
        text = stream.decompress(body, limit + 1)
    except zlib.error:
        return "content-encoding: the body is not what it says"
    if len(text) > limit:
        return f"content-encoding: the body is over {LARGEST} bytes or {RATIO} times its size when opened"
    if not stream.eof:
        return "content-encoding: the compressed body does not end"
    return "content-encoding: something follows the compressed body" if stream.unused_data else text


def _is_raw(body: bytes) -> bool:
    try:
        zlib.decompressobj(-zlib.MAX_WBITS).decompress(body, 1)
    except zlib.error:
        return False
    return True
