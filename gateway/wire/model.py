"""Which model a request names: every place collected, one strict parse, anything ambiguous refused.

The places are the body's own `model`, or the path's, then whatever else could name one (`places`): all must say the same.
"""

import re
from typing import Final

from gateway.policy.vocabulary import Reason
from gateway.wire.body import Members, read_object, read_text
from gateway.wire.form import Named, names_in_form
from gateway.wire.headers import Headers
from gateway.wire.media import read_json, read_multipart
from gateway.wire.parameters import parameter_problem, reference_problem
from gateway.wire.places import NOTHING, in_fields, in_headers, in_query, notable
from gateway.wire.query import model_in_query
from gateway.wire.references import refused as reference
from gateway.wire.refused import Refused
from gateway.wire.resolved import LONGEST_MODEL, USABLE, Resolved
from gateway.wire.route import Content, Dialect, ModelIn, Route, path_model
from gateway.wire.shape import SHAPES

__all__ = ["LONGEST_MODEL", "USABLE", "Refused", "Resolved", "escape_problem", "resolve"]

# The key "model" with at least one letter escaped: one name to a parser, another to a reader that searches the text.
_ESCAPED_KEY: Final = re.compile(rb'"(?:m|\\u006d)(?:o|\\u006f)(?:d|\\u0064)(?:e|\\u0065)(?:l|\\u006c)"[ \t\r\n]*:', re.IGNORECASE)
_OTHERWISE: Final = Refused(Reason.MODEL_AMBIGUOUS, "the body, another field, parameter, header or the path names another model")
_UNREADABLE: Final = Refused(Reason.MODEL_UNRESOLVED, f'"model" must be a string of 1 to {LONGEST_MODEL} printable characters')
_GEMINI_PREFIX: Final = "models/"  # how its bodies spell what its paths name


def resolve(route: Route, query: bytes, headers: Headers, body: bytes, path: str = "") -> Resolved | Refused:
    """Read the model that an inference or WebSocket `route` will run; total, never raises.

    `body` is whole, `path` canonical; of the `headers` the `notable` ones are enough.
    """
    problem = (parameter_problem(query) or reference_problem(query, route.stateful)) if query else None
    if problem is not None:
        return problem
    if route.model_in is ModelIn.QUERY:
        return _in_query_alone(route, query, headers)
    headers = notable(headers)
    named = _in_form(route, headers, body) if route.content is Content.FORM else _in_json(route, headers, body)
    if isinstance(named, Refused):
        return named
    if headers:
        named.others.extend(in_headers(headers))
    if query:
        named.others.extend(in_query(query))
    return _agreed(route, path, named)


def _in_query_alone(route: Route, query: bytes, headers: Headers) -> Resolved | Refused:
    model = model_in_query(query, route.stateful)
    if isinstance(model, Refused):
        return model
    if not USABLE[model]:
        return Refused(Reason.MODEL_UNRESOLVED, f"model must be a name of 1 to {LONGEST_MODEL} printable characters")
    if any(other != model for other in in_headers(notable(headers))):
        return Refused(Reason.MODEL_AMBIGUOUS, "a header names another model than the query")
    return Resolved(model, stream=True)


def _in_json(route: Route, headers: Headers, body: bytes) -> Named | Refused:
    if not body:
        return Refused(Reason.MODEL_UNRESOLVED, 'the body is empty; send a JSON object with "model"')
    text = read_json(headers, body)
    if isinstance(text, str):
        return Refused(Reason.MALFORMED_REQUEST, text)
    return _in_object(route, text)


def _in_object(route: Route, text: bytes) -> Named | Refused:
    members = read_object(text)
    if isinstance(members, str):
        return Refused(Reason.MALFORMED_REQUEST, members)
    shape = SHAPES[members.names]
    refused = shape.refused or escape_problem(text)
    if refused is None and not route.folded.isdisjoint(shape.folded):
        refused = _state_problem(route, members)
    if refused:
        return refused
    others = in_fields(members, shape)
    if isinstance(others, Refused):
        return others
    model = read_text(members.values[shape.model]) if shape.model >= 0 else None
    if model is None and shape.model >= 0 and bytes(members.values[shape.model]) != b"null":
        model = ""
    return Named(model, others, shape.stream >= 0 and bytes(members.values[shape.stream]) == b"true")


def _in_form(route: Route, headers: Headers, body: bytes) -> Named | Refused:
    form = read_multipart(headers, body)
    if isinstance(form, str):
        return Refused(Reason.MALFORMED_REQUEST, form)
    return names_in_form(*form, route.stateful)


def escape_problem(body: bytes) -> Refused | None:
    """Refuse a key "model" that is written with escapes, anywhere in a JSON text."""
    if b"\\" in body and b"\\u00" in body and any(b"\\u" in match.lower() for match in _ESCAPED_KEY.findall(body)):
        return Refused(Reason.MODEL_AMBIGUOUS, 'a key "model" is written with escapes; spell it "model"')
    return None


def _state_problem(route: Route, members: Members) -> Refused | None:
    for name, value in zip(members.names, members.values, strict=True):
        usual = route.usual_name(name)
        if usual and bytes(value) not in NOTHING:
            return reference(usual)
    return None


def _agreed(route: Route, path: str, named: Named) -> Resolved | Refused:
    """Find the one name: the path's or the body's; every other place must say the same."""
    if named.model and not named.others and route.model_in is ModelIn.BODY and USABLE[named.model]:
        return Resolved(named.model, route.streams or named.stream)
    places = named.others if named.model is None else [named.model, *named.others]
    if route.dialect is Dialect.GEMINI:
        places = [place.removeprefix(_GEMINI_PREFIX) if place else place for place in places]
    model = path_model(route, path) if route.model_in is ModelIn.PATH else named.model
    if model is None:
        if route.model_in is not ModelIn.ROUTE or places:
            return Refused(Reason.MODEL_UNRESOLVED, 'the body has no "model"')
        model = path
    if not USABLE[model]:
        return _UNREADABLE
    if places and any(place != model for place in places):
        return _OTHERWISE
    return Resolved(model, route.streams or named.stream)
