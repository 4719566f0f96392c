"""JSON that can be read in one way only, as an object; anything else is None. Pure.

RFC 8259 leaves open what a reader does with duplicate names, NaN, lone surrogates, a byte order mark or other encodings:
readers differ there, so a token or key set that holds one of them is refused.
"""

import json
import math
from typing import Final

MAX_BRACKETS: Final = 512
"""Most opening brackets and braces in one document; far more than any honest token holds, far less than the stack."""


def read_object(data: bytes, max_brackets: int = MAX_BRACKETS) -> dict[str, object] | None:
    """Read one JSON object in UTF-8; None for anything that is not one, or that two readers could read differently."""
    if data.count(b"[") + data.count(b"{") > max_brackets:
        return None
    try:
        value = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or (b"\\u" in data and not _plain(value)):
        return None
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object names one member twice")
    return members


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _plain(value: object) -> bool:
    """Say whether no string, however deep, holds NUL or a lone surrogate (both can only come in as an escape)."""
    if isinstance(value, str):
        return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(_plain(name) and _plain(member) for name, member in value.items())
    return not isinstance(value, list) or all(map(_plain, value))
