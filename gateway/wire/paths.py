"""A request target is already canonical, or it is refused: two parsers must not read two paths (RFC 3986 section 6)."""

from typing import Final

from gateway.wire.memo import Memo

MAX_TARGET: Final = 8192

_UNRESERVED: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
# RFC 3986 pchar without ';' (path parameters are read by some parsers only) and without '%' (looked at below).
_PATH: Final = _UNRESERVED + b"!$&'()*+,=:@/"
_QUERY: Final = _PATH + b";?[]"
# What must be percent-encoded and changes no structure; everything else below 0x80 has a plain form, or is a trap.
_MAY_BE_ENCODED: Final = frozenset(b' "<>[]^`{|}')
# Bedrock's clients encode the colon of a model's version; the path is judged decoded, and there no verb follows a colon.
_BEDROCK: Final = b"/model/"
_MAY_BE_ENCODED_THERE: Final = _MAY_BE_ENCODED | frozenset(b":")
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
_DOTS: Final = frozenset((b".", b".."))
_ASCII: Final = 0x80


def canonical(target: bytes) -> tuple[str, bytes] | None:
    """Path and query of an origin-form target (RFC 9112 section 3.2.1) of at most `MAX_TARGET` bytes, or None if it is not canonical.

    Refused: absolute and asterisk form, fragment, empty or dot segments plain or encoded, `;`, backslashes, encoded delimiters or
    unreserved characters, doubly encoded, overlong or invalid UTF-8, controls. The path comes percent-decoded once; the target
    itself is forwarded unchanged.
    """
    return _CANONICAL[target]


def _canonical(target: bytes) -> tuple[str, bytes] | None:
    path, _, query = target.partition(b"?")
    if len(target) > MAX_TARGET or not path.startswith(b"/") or b"//" in path:
        return None
    if b"/." in path and not _DOTS.isdisjoint(path.split(b"/")):
        return None
    if query and not _query_is_plain(query):
        return None
    unusual = path.translate(None, _PATH)
    if not unusual:
        return path.decode("ascii"), query
    text = _decoded(path) if unusual.count(b"%") == len(unusual) else None
    return None if text is None else (text, query)


_CANONICAL: Final = Memo(_canonical, size=len, largest=256)


def _query_is_plain(query: bytes) -> bool:
    unusual = query.translate(None, _QUERY)
    if not unusual:
        return True
    return unusual.count(b"%") == len(unusual) and all(_escape(part) for part in query.split(b"%")[1:])


def _escape(part: bytes) -> int:
    """Value of the two hexadecimal digits that `part` begins with; 0, which is refused, if there are none."""
    return int(part[:2], 16) if len(part) > 1 and part[0] in _HEX and part[1] in _HEX else 0


def _decoded(path: bytes) -> str | None:
    allowed = _MAY_BE_ENCODED_THERE if path.startswith(_BEDROCK) else _MAY_BE_ENCODED
    first, *parts = path.split(b"%")
    pieces = [first]
    for part in parts:
        value = _escape(part)
        if value < _ASCII and value not in allowed:
            return None
        pieces.append(bytes((value,)) + part[2:])
    try:
        text = b"".join(pieces).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
