"""Looks through a nested value key by key, whatever its depth: names of models, references to stored objects, keys sent twice.

Not looked into is what is the caller's own: schemas, and the arguments and results of its functions.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Raw

from gateway.policy.vocabulary import Reason
from gateway.wire.memo import Memo
from gateway.wire.names import fold, is_model_field, may_be_switch
from gateway.wire.references import OWNERS, STORED, item_problem, refused
from gateway.wire.refused import Refused

Found = list[str | None]

MOST_KEYS: Final = 65_536
"""Keys that are looked through in one value of the body; what has more is refused, as it would hold up everybody else's requests."""

MOST_PARTS: Final = 2_000_000
"""Commas and opening brackets in one value, in texts too: as many parts can it have."""

_TWICE: Final = Refused(Reason.MALFORMED_REQUEST, "an object within the body has a key twice")
_DEEP: Final = Refused(Reason.MALFORMED_REQUEST, "the body is nested too deeply")
_BROKEN: Final = Refused(Reason.MALFORMED_REQUEST, "the body is not well-formed JSON")
_LARGE: Final = Refused(Reason.MALFORMED_REQUEST, "an object or list within the body has too many parts")

# Schemas, arguments and data that no API reads as configuration, by their folded names.
_OWN: Final = frozenset(
    map(
        fold,
        (
            *(
                "schema",
                "json_schema",
                "input_schema",
                "output_schema",
                "response_schema",
                "response_json_schema",
                "parameters_json_schema",
            ),
            *("properties", "$defs", "definitions", "guided_json", "json", "metadata", "arguments", "args", "logit_bias", "labels"),
        ),
    )
)
# Where even a conversation holds configuration.
_CONFIGURATION: Final = frozenset(map(fold, ("tools", "tool", "functions", "agents", "tool_config")))
_FUNCTIONS: Final = (None, "function", "custom")
_FOLDED: Final = Memo(fold, size=len)


class _TooManyKeysError(Exception):
    pass


class _Pairs(list[tuple[str, Any]]):
    """An object's members, those that are sent twice included. `left`: how many more are read."""

    left = MOST_KEYS

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        _Pairs.left -= len(pairs) + 1
        if _Pairs.left < 0:
            raise _TooManyKeysError
        super().__init__(pairs)


def _number(_text: str) -> int:
    return 1  # whatever it is, it is there


_JSON: Final = json.JSONDecoder(object_pairs_hook=_Pairs, parse_int=_number, parse_float=_number)


def explore(value: Raw, *, prose: bool, items: bool = False) -> Found | Refused:
    """Give the names of models within a well-formed list or object; None for one that is no string. Or the reason to refuse it.

    `prose`: a conversation, in which only tools name models. `items`: a list of which a member may be no more than an id.
    """
    root = _read(value)
    if isinstance(root, Refused):
        return root
    if items and any(isinstance(each, _Pairs) and _is_bare_id(each) for each in root):
        return refused("item_reference")
    found: Found = []
    waiting: list[tuple[list[Any], bool]] = [(root, prose)]
    while waiting:
        node, spoken = waiting.pop()
        if isinstance(node, _Pairs):
            problem = _look(node, spoken, found, waiting)
            if problem is not None:
                return problem
        else:
            waiting += [(each, spoken) for each in node if isinstance(each, list)]
    return found


def holds_id(value: Raw) -> bool:
    """Whether `value` is an object with an `id` that is not empty."""
    if memoryview(value)[0] != ord("{"):
        return False
    root = _read(value)
    return isinstance(root, Refused) or _has_id(root)


def _read(value: Raw) -> list[Any] | Refused:
    text = bytes(value)
    if text.count(b",") + text.count(b"[") + text.count(b"{") > MOST_PARTS:
        return _LARGE
    _Pairs.left = MOST_KEYS
    try:
        root: list[Any] = _JSON.decode(text.decode("utf-8"))
    except _TooManyKeysError:
        return _LARGE
    except RecursionError:
        return _DEEP
    except ValueError:
        return _BROKEN
    return root


def _look(pairs: _Pairs, prose: bool, found: Found, waiting: list[tuple[list[Any], bool]]) -> Refused | None:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        return _TWICE
    problem = item_problem(fields)
    for name, value in pairs:
        folded = _FOLDED[name]
        if not value or problem is not None:
            continue
        if folded in STORED:
            problem = refused(STORED[folded])
        elif folded in OWNERS and (_has_id(value) or (folded == "container" and isinstance(value, str))):
            problem = refused(OWNERS[folded])
        elif not prose and is_model_field(folded):
            if isinstance(value, str | list) or not may_be_switch(folded):
                found.append(value if isinstance(value, str) else None)
        elif folded == "type" and name != "type" and isinstance(value, str):
            problem = item_problem({**fields, "type": value})  # to a reader of any case
        elif isinstance(value, list) and not is_own(folded, fields):
            waiting.append((value, prose and folded not in _CONFIGURATION))
    return problem


def is_own(folded: str, fields: Mapping[str, Any]) -> bool:
    """Whether a field's value is the caller's own, by its name and the fields beside it."""
    if folded in _OWN:
        return True
    kind = fields.get("type")
    if folded == "parameters":
        return "name" in fields and kind in _FUNCTIONS
    if folded == "input":
        return "toolUseId" in fields or (isinstance(kind, str) and kind.endswith("tool_use"))
    return folded == "response" and "name" in fields


def _has_id(value: object) -> bool:
    return isinstance(value, _Pairs) and any(_FOLDED[name] == "id" and inner for name, inner in value)


def _is_bare_id(item: _Pairs) -> bool:
    return is_bare_id(dict(item))


def is_bare_id(fields: Mapping[str, Any]) -> bool:
    """Whether an item of a list is no more than an id, to some reader: it stands for a stored one."""
    if fields.get("type") or fields.get("role"):
        return False
    return any(value and _FOLDED[name] == "id" for name, value in fields.items())
