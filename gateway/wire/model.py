"""Which model a request names: every place collected, one strict parse, anything ambiguous refused.

The body's own `model` is read first; then whatever else could name one (`places`) must say the same.
"""

import re
from typing import Final

from msgspec import Struct

from gateway.policy.vocabulary import Reason
from gateway.wire.body import Members, read_object, read_text
from gateway.wire.headers import Headers
from gateway.wire.media import content_problem
from gateway.wire.memo import Memo
from gateway.wire.places import NOTHING, in_fields, in_headers, in_query, notable
from gateway.wire.query import model_in_query
from gateway.wire.routes import ModelIn, Route
from gateway.wire.shape import SHAPES, Refused, Shape

__all__ = ["LONGEST_MODEL", "Refused", "Resolved", "resolve"]

LONGEST_MODEL: Final = 256

# The key "model" with at least one letter escaped: one name to a parser, another to a reader that searches the text.
_ESCAPED_KEY: Final = re.compile(rb'"(?:m|\\u006d)(?:o|\\u006f)(?:d|\\u0064)(?:e|\\u0065)(?:l|\\u006c)"[ \t\r\n]*:', re.IGNORECASE)


class Resolved(Struct, frozen=True, gc=False):
    """The one model that the request names, and whether it asks for a stream."""

    model: str
    stream: bool


def resolve(route: Route, query: bytes, headers: Headers, body: bytes) -> Resolved | Refused:
    """Read the model that an inference `route` will run; total, never raises. The body must be whole."""
    if route.model_in is ModelIn.QUERY:
        return _in_query_alone(route, query, headers)
    if not body:
        return Refused(Reason.MODEL_UNRESOLVED, 'the body is empty; send a JSON object with "model"')
    headers = notable(headers)
    problem = content_problem(headers)
    if problem:
        return Refused(Reason.MALFORMED_REQUEST, problem)
    members = read_object(body)
    if isinstance(members, str):
        return Refused(Reason.MALFORMED_REQUEST, members)
    shape = SHAPES[members.names]
    refused = shape.refused or escape_problem(body) or _state_problem(route, members)
    if refused:
        return refused
    return _agreed(members, shape, in_headers(headers) + (in_query(query) if query else []))


def _in_query_alone(route: Route, query: bytes, headers: Headers) -> Resolved | Refused:
    model = model_in_query(query, route.stateful)
    if isinstance(model, Refused):
        return model
    if not USABLE[model]:
        return Refused(Reason.MODEL_UNRESOLVED, f"model must be a name of 1 to {LONGEST_MODEL} printable characters")
    if any(other != model for other in in_headers(notable(headers))):
        return Refused(Reason.MODEL_AMBIGUOUS, "a header names another model than the query")
    return Resolved(model, stream=True)


def escape_problem(body: bytes) -> Refused | None:
    """Refuse a key "model" that is written with escapes, anywhere in a JSON text."""
    if b"\\" in body and b"\\u00" in body and any(b"\\u" in match.lower() for match in _ESCAPED_KEY.findall(body)):
        return Refused(Reason.MODEL_AMBIGUOUS, 'a key "model" is written with escapes; spell it "model"')
    return None


def _state_problem(route: Route, members: Members) -> Refused | None:
    if route.stateful.isdisjoint(members.names):
        return None
    for name, value in zip(members.names, members.values, strict=True):
        if name in route.stateful and bytes(value) not in NOTHING:
            return Refused(Reason.ROUTE_NOT_ALLOWED, f'"{name}" reaches beyond this request and is not allowed; send all of it in one body')
    return None


def _agreed(members: Members, shape: Shape, others: list[str | None]) -> Resolved | Refused:
    model = read_text(members.values[shape.model])
    if model is None or not USABLE[model]:
        return Refused(Reason.MODEL_UNRESOLVED, f'"model" must be a string of 1 to {LONGEST_MODEL} printable characters')
    others += in_fields(members, shape)
    if others and any(other != model for other in others):
        return Refused(Reason.MODEL_AMBIGUOUS, 'another field, parameter or header names another model than "model" of the body')
    return Resolved(model, shape.stream >= 0 and bytes(members.values[shape.stream]) == b"true")


def _is_usable(model: str) -> bool:
    return 0 < len(model) <= LONGEST_MODEL and model.isprintable() and model == model.strip()


USABLE: Final = Memo(_is_usable, size=len)
"""Whether a text can be the name of a model: `USABLE[text]`."""
