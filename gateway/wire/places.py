"""Every place but the body's `model` that can name a model: other fields, objects within, headers, the query.

Each function gives what it found there: a name, or None for something that is there but is no plain name. Whoever
asks compares them with the one model; a None agrees with nothing.
"""

from typing import Final
from urllib.parse import unquote_to_bytes

from gateway.wire.body import Members, read_objects, read_text
from gateway.wire.headers import Headers
from gateway.wire.memo import Memo
from gateway.wire.names import names_model
from gateway.wire.shape import Shape

Found = list[str | None]

NOTHING: Final = frozenset((b"null", b"false", b"[]", b"{}", b'""'))
"""Values that a field may hold to say that it is not used."""

_CONTENT_FIELDS: Final = frozenset((b"content-type", b"content-encoding"))


def in_fields(members: Members, shape: Shape) -> Found:
    """Look at the body's other fields, and one level down into those that are configuration (tools, moderation)."""
    found: Found = []
    for index in shape.elsewhere:
        if bytes(members.values[index]) not in NOTHING:
            found.append(read_text(members.values[index]))
    for index in shape.other:
        value = bytes(members.values[index])
        if value.startswith((b"{", b"[")):
            found += _within(value)
    return found


def _within(value: bytes) -> Found:
    if b"model" not in value.lower() and b"\\u00" not in value:
        return []
    pairs = [pair for members in read_objects(value) for pair in zip(members.names, members.values, strict=True)]
    return [read_text(raw) for name, raw in pairs if names_model(name) and bytes(raw) not in NOTHING]


def notable(headers: Headers) -> Headers:
    """Pick the headers that say something about the body: its type, its encoding, a model (by which some proxies choose one)."""
    return [field for field in headers if _NOTABLE[field[0]]]


def in_headers(headers: Headers) -> Found:
    """Look at `notable` headers that name a model."""
    return [_text(value) for name, value in headers if name not in _CONTENT_FIELDS]


def in_query(query: bytes) -> Found:
    """Look for parameters that name a model, separated by `&` or, as some readers have it, by `;`."""
    pairs = [part.partition(b"=") for part in query.replace(b";", b"&").split(b"&")]
    return [text_of_parameter(value) for name, _, value in pairs if names_model(text_of_parameter(name) or "")]


def text_of_parameter(part: bytes) -> str | None:
    """Decode a name or value of the query, once; None if it is not UTF-8."""
    return _text(unquote_to_bytes(part.replace(b"+", b" ")))


def _text(value: bytes) -> str | None:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_notable(name: bytes) -> bool:
    return name in _CONTENT_FIELDS or names_model(name.decode("latin-1"))


_NOTABLE: Final = Memo(_is_notable, size=len)
