"""Which stored objects a JSON body refers to, and the same body without those references.

What is not understood here is left where it is, and the reading that refuses every reference (`model.resolve`) then refuses it: to forget
a field costs a refusal, never another's object. So too for spellings that only resemble a known one.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from gateway.policy.vocabulary import Reason
from gateway.wire.depth import is_bare_id, is_own
from gateway.wire.identifiers import is_id
from gateway.wire.names import CALLERS_OWN, fold
from gateway.wire.refused import Refused

MOST_REFERENCES: Final = 1024
"""Ids in one request."""

MOST_KEYS: Final = 65_536

# Each holds an id, or a list of ids, or (the last two) an object that is no more than an id.
_REFERRING: Final = frozenset(
    (
        *("file_id", "file_ids", "input_file_id", "vector_store_id", "vector_store_ids", "container_id", "container"),
        *("previous_response_id", "thread_id", "assistant_id", "conversation_id", "conversation"),
    )
)
_AS_OBJECT: Final = frozenset(("conversation", "container"))
_FILLED: Final = frozenset(("conversation", "conversation_id", "thread_id", "container", "container_id"))

_DEEP: Final = Refused(Reason.MALFORMED_REQUEST, "the body is nested too deeply")
_LARGE: Final = Refused(Reason.MALFORMED_REQUEST, f"the body refers to over {MOST_REFERENCES} objects, or has too many keys")
_BROKEN: Final = Refused(Reason.MALFORMED_REQUEST, "the body is not well-formed JSON")
_BARE: Final = Refused(Reason.ROUTE_NOT_ALLOWED, "an item of a list is no more than an id; send the content itself")


class References(Struct, frozen=True):
    """`ids`, each once, in order; `filled` are those of objects that take up what the model says. `rest`: the body without them.

    `background`: the body asks that nobody need wait. `kept`: it does not say that the answer is not to be stored.
    """

    ids: tuple[str, ...]
    filled: tuple[str, ...]
    rest: bytes
    background: bool = False
    kept: bool = True


class _LargeError(Exception):
    pass


class _Pairs(list[tuple[str, Any]]):
    """An object's members, those that are sent twice included."""


def refer(text: bytes, names: frozenset[str] = frozenset()) -> References | Refused:
    """Read the references in `text`, a well-formed JSON object; `names` are further fields, at the top, that hold ids. Never raises."""
    try:
        root = json.loads(text, object_pairs_hook=_Pairs, parse_int=_number, parse_float=_number)
        if not isinstance(root, _Pairs):
            return _BROKEN
        walk = _Walk(names)
        rest = walk.top(root).encode("ascii")
    except RecursionError:
        return _DEEP
    except ValueError:
        return _BROKEN
    except _LargeError:
        return _LARGE
    if walk.bare:
        return _BARE
    return References(tuple(walk.ids), tuple(walk.filled), rest, walk.background, walk.kept)


class _Walk:
    """Writes the body again as it goes, with nothing in place of each reference, and 1 for every number."""

    def __init__(self, names: frozenset[str]) -> None:
        self.ids: dict[str, None] = {}
        self.filled: dict[str, None] = {}
        self.background = False
        self.kept = True
        self.bare = False
        self._names = names
        self._left = MOST_KEYS

    def top(self, pairs: _Pairs) -> str:
        parts = []
        for name, value in pairs:
            if name == "background" and value is True:
                self.background = True
                parts.append('"background":false')
                continue
            if name == "store" and value is False:
                self.kept = False
            if name in self._names and self._take(name, value):
                parts.append(f"{json.dumps(name)}:null")
            else:
                parts.append(self._member(name, value, {}, own=name in CALLERS_OWN))
        return "{" + ",".join(parts) + "}"

    def _member(self, name: str, value: object, beside: Mapping[str, object], *, own: bool) -> str:
        self._left -= 1
        if self._left < 0:
            raise _LargeError
        if not own and name in _REFERRING and self._take(name, value):
            return f"{json.dumps(name)}:null"
        own = own or (isinstance(value, list) and is_own(fold(name), beside))
        return f"{json.dumps(name)}:{self._written(value, own=own)}"

    def _written(self, value: object, *, own: bool) -> str:
        if isinstance(value, _Pairs):
            beside = dict(value)
            return "{" + ",".join([self._member(name, inner, beside, own=own) for name, inner in value]) + "}"
        if isinstance(value, list):
            self.bare = self.bare or (not own and any(isinstance(each, _Pairs) and is_bare_id(dict(each)) for each in value))
            return "[" + ",".join([self._written(each, own=own) for each in value]) + "]"
        return json.dumps(value)

    def _take(self, name: str, value: object) -> bool:
        """Enter what a field refers to; False leaves the field where it is."""
        if isinstance(value, _Pairs):
            value = value[0][1] if name in _AS_OBJECT and len(value) == 1 and value[0][0] == "id" else None
        held: list[object] = value if isinstance(value, list) else [value]
        found = [each for each in held if isinstance(each, str) and is_id(each)]
        if not found or len(found) != len(held):
            return False
        self.ids.update(dict.fromkeys(found))
        if name in _FILLED:
            self.filled.update(dict.fromkeys(found))
        if len(self.ids) > MOST_REFERENCES:
            raise _LargeError
        return True


def _number(_text: str) -> int:
    return 1  # whatever it is, it is there
