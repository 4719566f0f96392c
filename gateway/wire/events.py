"""Which models a client's event names, on a connection whose protocol is JSON events (OpenAI Realtime): all of them, wherever they stand.

A connection lasts, and each event can name another model: for the session, for one response, for the transcription of its
sound. The rules are those of a body (`model`), and they hold in every object that is no prompt, schema or argument. So do those for
references to stored objects, but for what lives and ends with the connection: its items, its responses, its one conversation.
"""

from typing import Final

from msgspec import Raw, Struct

from gateway.policy.vocabulary import Reason
from gateway.wire.body import Members, read_items, read_object, read_text
from gateway.wire.depth import holds_id
from gateway.wire.memo import Memo
from gateway.wire.model import LONGEST_MODEL, USABLE, escape_problem
from gateway.wire.names import Role, fold, role_of
from gateway.wire.places import NOTHING
from gateway.wire.references import OWNERS, STORED
from gateway.wire.references import refused as reference
from gateway.wire.shape import Names, Refused, size_of

DEEPEST: Final = 8  # levels of nesting; the deepest place that any API has for a model is the fifth

Found = dict[str, None]

# Schemas of functions, what they are called with, and notes: the caller's own names. An `input` or `prompt` holds configuration here.
_OWN: Final = frozenset(("parameters", "input_schema", "output_schema", "schema", "json_schema", "arguments", "variables", "metadata"))
_NESTED: Final = frozenset(b"{[")
# Of this connection: a response under way, and whether an answer enters its conversation ("auto") or none.
_WITHIN: Final = frozenset(("responseid", "session"))
_ITS_OWN: Final = NOTHING | {b'"auto"', b'"none"'}
# A value without any of these words, in small letters, has no field that matters. To forget one here would be to miss it.
_MARKS: Final = (
    *(b"model", b"engine", b"deployment", b"fallback", b"adapter", b"lora", b"\\u00"),
    *(b"file", b"vector", b"container", b"skill", b"previous", b"conversation", b"thread", b"assistant", b"prompt", b"cached", b"dataset"),
    *(b"connectors", b"location", b"source", b"datastore", b"vertex", b"rag", b"transfer", b"background", b"voice", b"audio"),
    *("\u017f".encode(), "\u212a".encode(), b"\\u017f", b"\\u212a"),  # s and k to readers of any case (Go)
)


class _Plan(Struct, frozen=True):
    """Where in an object with these keys to look: indexes of fields that name a model, and of fields that may hold objects which do.

    `stored` and `owners`: of fields that refer to stored objects, by their value or by its `id`, each with its usual spelling.
    """

    refused: Refused | None = None
    naming: tuple[int, ...] = ()
    inside: tuple[int, ...] = ()
    stored: tuple[tuple[int, str], ...] = ()
    owners: tuple[tuple[int, str], ...] = ()


def models_of(text: bytes) -> tuple[str, ...] | Refused:
    """Read the names of models in one text message, each once, in order; mostly none. Total, never raises."""
    members = read_object(text)
    if isinstance(members, str):
        return Refused(Reason.MALFORMED_REQUEST, members.replace("the body", "an event"))
    found: Found = {}
    return escape_problem(text) or _look(members, found, 1) or tuple(found)


def _look(members: Members, found: Found, depth: int) -> Refused | None:
    plan = _PLANS[members.names]
    problem = plan.refused or _reference(members, plan)
    if problem is not None:
        return problem
    for index in plan.naming:
        value = members.values[index]
        if bytes(value) in NOTHING:
            continue
        name = read_text(value)
        if name is None or not USABLE[name]:
            return Refused(Reason.MODEL_UNRESOLVED, f"a model in an event must be a string of 1 to {LONGEST_MODEL} printable characters")
        found[name] = None
    for index in plan.inside:
        refused = _look_inside(members.values[index], found, depth)
        if refused is not None:
            return refused
    return None


def _reference(members: Members, plan: _Plan) -> Refused | None:
    for index, name in plan.stored:
        if bytes(members.values[index]) not in (_ITS_OWN if name == "conversation" else NOTHING):
            return reference(name)
    for index, name in plan.owners:
        value = members.values[index]
        if holds_id(value) or (name == "container" and read_text(value)):
            return reference(name)
    return None


def _look_inside(raw: Raw, found: Found, depth: int) -> Refused | None:
    """Look at a value that may hold objects; sound and pictures are strings, and are not touched."""
    if memoryview(raw)[0] not in _NESTED:
        return None
    value = bytes(raw)
    lower = value.lower()
    if not any(mark in lower for mark in _MARKS):
        return None
    if depth >= DEEPEST:
        return Refused(Reason.MALFORMED_REQUEST, "an event is nested too deeply")
    if value.startswith(b"["):
        refusals = (_look_inside(each, found, depth + 1) for each in read_items(value))
        return next(filter(None, refusals), None)
    members = read_object(value)
    if isinstance(members, str):
        return Refused(Reason.MALFORMED_REQUEST, members.replace("the body", "an event"))
    return _look(members, found, depth + 1)


def _plan_of(names: Names) -> _Plan:
    roles = [role_of(name) for name in names]
    if len(set(names)) != len(names):
        return _Plan(Refused(Reason.MODEL_AMBIGUOUS if names.count("model") > 1 else Reason.MALFORMED_REQUEST, "an event has a key twice"))
    if Role.VARIANT in roles:
        return _Plan(Refused(Reason.MODEL_AMBIGUOUS, 'a key of an event only resembles one that names a model; spell it "model"'))
    naming = tuple(index for index, role in enumerate(roles) if role in (Role.MODEL, Role.ELSEWHERE))
    inside = tuple(index for index, role in enumerate(roles) if role in (Role.OTHER, Role.FREE) and names[index] not in _OWN)
    folded = [(index, fold(name)) for index, name in enumerate(names)]
    stored = tuple((index, STORED[name]) for index, name in folded if name in STORED and name not in _WITHIN)
    owners = tuple((index, OWNERS[name]) for index, name in folded if name in OWNERS and name not in _WITHIN)
    return _Plan(None, naming, inside, stored, owners)


_PLANS: Final = Memo(_plan_of, size=size_of, limit=512, largest=1024)
