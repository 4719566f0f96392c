"""One strict reading of a stored JSON value; pure. What can be read in two ways is not read at all."""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Never, TypeVar

import msgspec

T = TypeVar("T")

LONGEST_VALUE: Final = 65536
"""Bytes; a longer value is refused unread, so that parsing it cannot hold the event loop."""

LATEST: Final = 253402300799.0
"""9999-12-31T23:59:59Z in epoch seconds. The present in milliseconds is beyond it, and so refused."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT: Final = re.compile(
    r"(?P<when>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2})(?P<fraction>\.[0-9]{1,9})?(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class ProblemError(ValueError):
    """A stored value is not what it should be; the text says what is wrong and what is right."""


def read_object(raw: bytes) -> dict[str, Any]:
    """Parse a JSON object (RFC 8259, UTF-8, no duplicate keys, no NaN, no lone surrogates). Raises ProblemError."""
    if len(raw) > LONGEST_VALUE:
        raise ProblemError(f"longer than {LONGEST_VALUE} bytes")
    try:
        text = raw.decode("utf-8")
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite)
        if "\\" in text:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeError:
        raise ProblemError("not valid UTF-8 text") from None
    except RecursionError:
        raise ProblemError("nested too deeply") from None
    except ProblemError:
        raise
    except ValueError as error:
        raise ProblemError(f"not JSON ({str(error).splitlines()[0][:80]}); write an object such as {{}}") from None
    if not isinstance(document, dict):
        raise ProblemError("not a JSON object; write for example {}")
    return document


def read_as(document: dict[str, Any], kind: type[T]) -> T:
    """Convert to `kind`: no unknown field, no wrong type. Raises ProblemError with the path of the field."""
    try:
        return msgspec.convert(document, kind, strict=True)
    except msgspec.ValidationError as error:
        raise ProblemError(str(error)) from None


def read_time(value: str | float, name: str) -> float:
    """Epoch seconds from an RFC 3339 date-time (with its zone) or a number of epoch seconds. Raises ProblemError naming the field."""
    if not isinstance(value, str):
        if 0 <= value <= LATEST:
            return float(value)
        raise ProblemError(f"{name}: not epoch seconds between 0 and {LATEST:.0f}")
    try:
        return _seconds(value)
    except (ValueError, OverflowError):
        raise ProblemError(f"{name}: not an RFC 3339 date and time with a zone; write 2026-12-31T18:00:00Z") from None


def write_time(seconds: float) -> str | float:
    """Spell epoch seconds so that `read_time` gives them back: RFC 3339 in UTC for whole seconds, else the number."""
    if seconds != math.floor(seconds):
        return seconds
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(text: str) -> float:
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    zone = match["zone"].upper().replace("Z", "+00:00")
    whole = datetime.fromisoformat(match["when"].upper() + zone)
    seconds = (whole - _EPOCH).total_seconds() + float(match["fraction"] or 0)
    if not 0 <= seconds <= LATEST + 1:
        raise ValueError(text)
    return seconds


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ProblemError("the same key twice in one object")
    return found


def _no_number(name: str) -> Never:
    raise ProblemError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ProblemError("a number out of range")
    return number
