"""Every place but the body's `model` that can name a model: other fields, objects within, headers, the query.

Each function gives what it found there: a name, or None for something that is there but is no plain name. Whoever
asks compares them with the one model; a None agrees with nothing. The look at the fields also finds what is refused anyway.
"""

from typing import Final
from urllib.parse import unquote_to_bytes

from gateway.wire.body import NESTED, Members, read_text
from gateway.wire.depth import Found, explore, holds_id
from gateway.wire.headers import Headers
from gateway.wire.memo import Memo
from gateway.wire.names import fold, may_be_switch, names_model
from gateway.wire.plain import is_plain
from gateway.wire.references import refused as reference
from gateway.wire.refused import Refused
from gateway.wire.shape import Shape

NOTHING: Final = frozenset((b"null", b"false", b"[]", b"{}", b'""'))
"""Values that a field may hold to say that it is not used."""

_NAMING: Final = b'"[{'  # how a value begins that may name something
_ITEMS: Final = frozenset(("input", "items"))  # of which a member may be no more than an id

_CONTENT_FIELDS: Final = frozenset((b"content-type", b"content-encoding"))


def in_fields(members: Members, shape: Shape) -> Found | Refused:
    """Look at the body's other fields, and through those that hold lists or objects: prompts name models in their tools only.

    Refused is a reference to a stored object, wherever it stands, and a key sent twice where it could matter.
    """
    refused = _reference(members, shape) if shape.stored or shape.owners else None
    if refused is not None:
        return refused
    found: Found = []
    for index in shape.elsewhere:
        value = members.values[index]
        if bytes(value) not in NOTHING and (memoryview(value)[0] in _NAMING or not may_be_switch(fold(members.names[index]))):
            found.append(read_text(value))
    for prose, indexes in ((False, shape.other), (True, shape.prose)):
        for index in indexes:
            value, name = members.values[index], members.names[index]
            if memoryview(value)[0] in NESTED and not is_plain(name, value):
                seen = explore(value, prose=prose, items=fold(name) in _ITEMS)
                if isinstance(seen, Refused):
                    return seen
                found += seen
    return found


def _reference(members: Members, shape: Shape) -> Refused | None:
    for index, name in shape.stored:
        if bytes(members.values[index]) not in NOTHING:
            return reference(name)
    for index, name in shape.owners:
        value = members.values[index]
        if holds_id(value) or (name == "container" and read_text(value)):
            return reference(name)
    return None


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
