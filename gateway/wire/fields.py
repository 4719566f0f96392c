"""The header fields that decide something: read as one value, under one spelling, each with its judge."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gateway.wire.hosts import is_plain
from gateway.wire.memo import Memo

Judge = Callable[[bytes], str | None]
"""Says what is wrong with a field's value, or None."""

CREDENTIALS: Final = frozenset((b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"))

_TOKEN: Final = b"abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"
_FLAT: Final = bytes(code if chr(code).isascii() and chr(code).isalnum() else ord("-") for code in range(256))
_LONGEST_LENGTH: Final = 18


def flat(name: bytes) -> bytes:
    """Spell `name` flat: lower-case, everything but letters and digits as `-`."""
    return name.lower().translate(_FLAT)


def judge_of(name: bytes) -> Judge | None:
    """Find the judge of the lower-case field `name`: None where it decides nothing, one that always objects to a name that is odd."""
    if not name or name.translate(None, _TOKEN):
        return _odd_name
    spelled = flat(name)
    if spelled not in _JUDGE_OF:
        return None
    return _JUDGE_OF[spelled] if spelled == name else _odd_spelling


def _odd_name(_value: bytes) -> str:
    return "a header name is not a token (RFC 9110 section 5.1)"


def _odd_spelling(_value: bytes) -> str:
    return "a header name resembles one that decides; write it with '-' between its words"


def _anything(_value: bytes) -> None:
    return None


def _one_value(value: bytes) -> str | None:
    return "a credential or encoding is a list; send one value" if b"," in value else None


def _host(value: bytes) -> str | None:
    return None if _HOSTS[value] else "host: not a host name or address with an optional port"


def length_problem(value: bytes) -> str | None:
    """Say what is wrong with a content-length, or None."""
    return None if value.isdigit() and len(value) <= _LONGEST_LENGTH else "content-length: not a plain decimal number"


def _coding(value: bytes) -> str | None:
    return None if value.lower() == b"chunked" else "transfer-encoding: only chunked is understood"


def _expectation(value: bytes) -> str | None:
    return None if value.lower() == b"100-continue" else "expect: only 100-continue is understood"


_HOSTS: Final = Memo(is_plain, size=len)

_JUDGE_OF: Final[Mapping[bytes, Judge]] = MappingProxyType(
    {
        **dict.fromkeys(CREDENTIALS, _one_value),
        b"host": _host,
        b"content-length": length_problem,
        b"transfer-encoding": _coding,
        b"content-type": _anything,
        b"content-encoding": _one_value,
        b"expect": _expectation,
    }
)
