"""Which ids an upstream's answer gives its caller: of a JSON object, whole, or of the first events of a stream."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gateway.wire.identifiers import is_id

MOST_HELD: Final = 1 << 18
"""Bytes of a stream in which its object must be named."""

_LINE_ENDS: Final = (b"\r\n", b"\r")


def ids_given(body: bytes, places: Sequence[str]) -> tuple[str, ...] | None:
    """Read the ids at `places` (keys parted by dots; `?`: may be missing) of the object `body`; None where one cannot be read."""
    return _ids_in(_decoded(body), places)


def ids_streamed(begun: bytes, places: Sequence[str]) -> tuple[str, ...] | None:
    """Read the ids in the first of the events that have come whole (WHATWG HTML section 9.2.6) and hold them; None: not yet, or never.

    An event's object is its data, or the `response` within it.
    """
    text = begun
    for end in _LINE_ENDS:
        text = text.replace(end, b"\n")
    *whole, _ = text.split(b"\n\n")
    for event in whole:
        data = b"\n".join(line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:"))
        value = _decoded(data)
        found = _ids_in(value.get("response", value), places) if value is not None else None
        if found is not None:
            return found
    return None


def is_denied(body: bytes) -> bool:
    """Whether the answer to a deletion says that nothing was deleted."""
    value = _decoded(body)
    return value is not None and value.get("deleted") is False


def _decoded(text: bytes) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _ids_in(value: object, places: Sequence[str]) -> tuple[str, ...] | None:
    found = []
    for place in places:
        at = value
        for key in place.removesuffix("?").split("."):
            at = at.get(key) if isinstance(at, dict) else None
        if at is None and place.endswith("?") and isinstance(value, dict):
            continue
        if not isinstance(at, str) or not is_id(at):
            return None
        found.append(at)
    return tuple(found)
