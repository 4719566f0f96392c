"""One strict parse of a JSON object (RFC 8259): every key kept, in order, also those that are sent twice."""

from typing import Final

import msgspec
from msgspec import Raw, Struct

NESTED: Final = b"{["
"""How a value begins that holds others."""

MOST_KEYS: Final = 4096
"""Keys of one object; honest requests have dozens, and reading millions would hold up everybody else's for seconds."""


class _TooManyKeysError(Exception):
    pass


class _Member:
    """One key, equal to itself only: a mapping from members loses no duplicate. `left`: how many more are read."""

    __slots__ = ("name",)
    left = MOST_KEYS

    def __init__(self, _kind: type, name: str) -> None:
        _Member.left -= 1
        if _Member.left < 0:
            raise _TooManyKeysError
        self.name = name


_OBJECT: Final = msgspec.json.Decoder(dict[_Member, Raw], dec_hook=_Member)
read_compact: Final = msgspec.json.Decoder(dict[str, Raw]).decode
"""Give the members of an object, of a key sent twice the last; `accounts_for` tells. Raises msgspec.DecodeError, RecursionError."""
COMPACT_UP_TO: Final = 6 * MOST_KEYS
"""Bytes up to which a body is first read as most clients write it: it has no room for too many keys (a member takes six bytes)."""
_LIST: Final = msgspec.json.Decoder(list[Raw])
_TEXT: Final = msgspec.json.Decoder(str)


class Members(Struct, frozen=True):
    """Keys of an object, duplicates included, and their values, unread: well-formed JSON that refers to the body."""

    names: tuple[str, ...]
    values: list[Raw]


def read_object(body: bytes) -> Members | str:
    """Give the top-level members of the object that `body` is; or say what is wrong.

    Refused are a byte order mark, other encodings than UTF-8, NaN and Infinity, lone surrogates, trailing bytes, nesting too
    deep to read, anything but an object.
    """
    if not body.isascii():
        problem = _encoding_problem(body)
        if problem:
            return problem
    try:
        return _members(body)
    except msgspec.ValidationError:
        return "the body is not a JSON object"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "the body is not well-formed JSON"
    except RecursionError:
        return "the body is nested too deeply"
    except _TooManyKeysError:
        return f"the body has more than {MOST_KEYS} keys"


def _members(text: bytes) -> Members:
    if len(text) <= COMPACT_UP_TO:
        compact = read_compact(text)
        if accounts_for(compact, text):
            return Members(tuple(compact), list(compact.values()))
    _Member.left = MOST_KEYS
    found = _OBJECT.decode(text)
    return Members(tuple([member.name for member in found]), list(found.values()))


def accounts_for(members: dict[str, Raw], text: bytes) -> bool:
    """Whether these members, written without a space, are every byte of `text`: then no key was sent twice and no key has an escape.

    Around each member stand two quotes, a colon, and a comma or brace; one brace more opens the object.
    """
    size = 1 + 4 * len(members)
    for name, value in members.items():
        size += len(name) + len(value)
    return size == len(text)


def _encoding_problem(body: bytes) -> str | None:
    # The parser skips over strings without looking at their encoding.
    if body.startswith(b"\xef\xbb\xbf"):
        return "the body begins with a byte order mark"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "the body is not UTF-8"
    return None


def read_items(value: bytes) -> list[Raw]:
    """Give the items of a list, unread; `value` is a well-formed one."""
    return _LIST.decode(value)


def read_text(value: Raw) -> str | None:
    """Give the string that `value` is, or None if it is anything else."""
    try:
        return _TEXT.decode(value)
    except msgspec.DecodeError:
        return None
