"""A request that works on stored objects, read whole: which objects, which model, what of it lasts. One strict reading, as everywhere.

The ids are only read here. Nothing may be sent on before every one of them is known to be the caller's.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Raw, Struct, structs

from gateway.policy.vocabulary import Reason
from gateway.wire.batch import message_requests
from gateway.wire.body import read_object, read_text
from gateway.wire.headers import Headers
from gateway.wire.identifiers import is_id
from gateway.wire.media import read_json, read_multipart
from gateway.wire.model import escape_problem, resolve
from gateway.wire.multipart import read_form
from gateway.wire.names import fold
from gateway.wire.parameters import parameter_problem
from gateway.wire.places import notable, text_of_parameter
from gateway.wire.referring import References, refer
from gateway.wire.refused import Refused
from gateway.wire.resolved import Resolved
from gateway.wire.route import Content, Kind, ModelIn, Route
from gateway.wire.uses import Reading, Use

BATCH_FILE: Final = "batch_file"
"""The kind of a file whose every line was read as a request of a batch."""

# Parameters that name no object. Cursors (`after`, `before`) do: of objects that no answer has given, so that nobody could tell whose.
_PARAMETERS: Final = frozenset(
    ("limit", "order", "include", "include[]", "stream", "starting_after", "include_obfuscation", "variant", "beta")
)
_PURPOSE: Final = "purpose"
_PURPOSES: Final = frozenset(("assistants", "vision", "user_data", "evals", "fine-tune"))
_BATCH: Final = "batch"
_FILE: Final = "file"
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_JSON: Final = ((b"content-type", b"application/json"),)

NO_SUCH: Final = Refused(Reason.OBJECT_UNKNOWN, "")
_BODY: Final = Refused(Reason.MALFORMED_REQUEST, "a body, where none is read")
_CURSOR: Final = Refused(Reason.ROUTE_NOT_ALLOWED, "a parameter of the query may name an object, and whose it is cannot be told here")
_MODEL: Final = Refused(Reason.ROUTE_NOT_ALLOWED, "the model of a stored object is not changed; make another one")
_PURPOSELESS: Final = Refused(Reason.ROUTE_NOT_ALLOWED, 'the "purpose" must be one that is known here, and named once')
_NO_FILE: Final = Refused(Reason.MALFORMED_REQUEST, 'the form of a batch has one "file", which is one, and no other field of that name')
_TWO_FILES: Final = Refused(Reason.MALFORMED_REQUEST, "the form has more than one file")


class Asked(Struct, frozen=True):
    """What is asked. `model`: "" where none is named; `others`: further models (a batch's). `ids`: every object referred to.

    `within` are those of the ids that the body names, `filled` those that take up what the model says. `batch`: a
    batch's file or requests, still to be read. `kept`: the answer is stored. `lasting`: something is set going for which nobody waits.
    """

    model: str = ""
    others: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    batch: bytes | list[Raw] | None = None
    stream: bool = False
    kept: bool = True
    lasting: bool = False


def read_asked(use: Use, route: Route, path: str, query: bytes, headers: Headers, body: bytes) -> Asked | Refused:
    """Read a request for one of the uses of stored objects; total, never raises."""
    ids = use.ids(path)
    if not all(map(is_id, ids)):
        return NO_SUCH
    problem = query_problem(query)
    if problem is not None:
        return problem
    asked = _read_body(use, route, path, headers, body)
    if isinstance(asked, Refused):
        return asked
    filled = (*ids[:1], *asked.filled) if "fills" in use.words else asked.filled
    return structs.replace(
        asked,
        ids=tuple(dict.fromkeys((*ids, *asked.within))),
        filled=filled,
        stream=asked.stream or b"stream=true" in query,
        lasting=asked.lasting or "outlives" in use.words,
    )


def read_referring(route: Route, path: str, query: bytes, headers: Headers, body: bytes) -> Asked | Refused:
    """Read an inference request that may refer to stored objects: in a JSON body, and nowhere else."""
    if route.content is not Content.JSON:
        return Refused(Reason.ROUTE_NOT_ALLOWED, "a form may not refer to stored objects")
    resolved = resolve(route, query, headers, body, path)
    if isinstance(resolved, Resolved):
        return Asked(model=resolved.model, stream=resolved.stream, kept=_is_kept(headers, body))
    if not resolved.refers:
        return resolved
    return _in_json(route, path, query, headers, body, frozenset())


def _is_kept(headers: Headers, body: bytes) -> bool:
    text = read_json(notable(headers), body)
    members = read_object(text) if isinstance(text, bytes) else text
    if isinstance(members, str):
        return True
    return not any(name == "store" and bytes(value) == b"false" for name, value in zip(members.names, members.values, strict=True))


def query_problem(query: bytes) -> Refused | None:
    """Refuse every parameter that is not known to name nothing."""
    problem = parameter_problem(query) if query else None
    if problem is not None or not query:
        return problem
    for part in query.replace(b";", b"&").split(b"&"):
        name, _, value = part.partition(b"=")
        text = text_of_parameter(value) or ""
        if text_of_parameter(name) not in _PARAMETERS or (name == b"starting_after" and not _NUMBER.fullmatch(text)):
            return _CURSOR
    return None


def _read_body(use: Use, route: Route, path: str, headers: Headers, body: bytes) -> Asked | Refused:
    reading = use.reading
    if reading is Reading.NONE or (reading is Reading.JSON and not body and "model" not in use.words):
        return _BODY if body else Asked()
    if reading is Reading.REQUESTS:
        return _in_requests(headers, body)
    form = reading is Reading.FORM or (reading is Reading.EITHER and _says_form(headers))
    named = structs.replace(
        route,
        kind=Kind.INFERENCE,
        model_in=ModelIn.BODY if "model" in use.words else ModelIn.ROUTE,
        content=Content.FORM if form else Content.JSON,
    )
    asked = _in_form(named, path, headers, body) if form else _in_json(named, path, b"", headers, body, use.names)
    if isinstance(asked, Refused) or asked.model != path:
        forbidden = isinstance(asked, Asked) and use.words.isdisjoint(("model", "model?"))
        return _MODEL if forbidden else asked
    return structs.replace(asked, model="")


def _says_form(headers: Headers) -> bool:
    return any(name == b"content-type" and value.strip().lower().startswith(b"multipart/") for name, value in headers)


def _in_json(route: Route, path: str, query: bytes, headers: Headers, body: bytes, names: frozenset[str]) -> Asked | Refused:
    """Read the body strictly as it is, then once more without its references, by the rules for every body."""
    text = read_json(notable(headers), body)
    if isinstance(text, str):
        return Refused(Reason.MALFORMED_REQUEST, text)
    members = read_object(text)
    if isinstance(members, str):
        return Refused(Reason.MALFORMED_REQUEST, members)
    problem = escape_problem(text) or _purpose_problem(dict(zip(members.names, members.values, strict=True)))
    found = refer(text, names) if problem is None else problem
    if isinstance(found, Refused):
        return found
    others = [field for field in notable(headers) if field[0] not in (b"content-type", b"content-encoding")]
    resolved = resolve(route, query, [*_JSON, *others], found.rest, path)
    return resolved if isinstance(resolved, Refused) else _asked(resolved, found)


def _asked(resolved: Resolved, found: References) -> Asked:
    return Asked(
        model=resolved.model,
        within=found.ids,
        ids=found.ids,
        filled=found.filled,
        stream=resolved.stream,
        kept=found.kept,
        lasting=found.background,
    )


def _purpose_problem(fields: Mapping[str, Raw]) -> Refused | None:
    """Refuse an upload in parts that says it is a batch, in any spelling: its lines would go unread."""
    for name, value in fields.items():
        if fold(name) == _PURPOSE and (name != _PURPOSE or (read_text(value) or "") not in _PURPOSES):
            return _PURPOSELESS
    return None


def _in_form(route: Route, path: str, headers: Headers, body: bytes) -> Asked | Refused:
    resolved = resolve(route, b"", headers, body, path)
    if isinstance(resolved, Refused):
        return resolved
    form = read_multipart(notable(headers), body)
    parts = read_form(*form) if not isinstance(form, str) else form
    if isinstance(parts, str) or isinstance(form, str):
        return Refused(Reason.MALFORMED_REQUEST, "the form cannot be read")
    text = form[1]
    files = [text[part.start : part.end] for part in parts if part.is_file]
    if len(files) > 1:
        return _TWO_FILES
    purposes = [(part.name, part.is_file, text[part.start : part.end]) for part in parts if fold(part.name) == _PURPOSE]
    purpose = purposes[0][2].decode("latin-1") if purposes else ""
    if any(name != _PURPOSE or is_file for name, is_file, _ in purposes) or (purposes and purpose not in (*_PURPOSES, _BATCH)):
        return _PURPOSELESS
    if purpose == _BATCH and [(part.name, part.is_file) for part in parts if part.is_file or fold(part.name) == _FILE] != [(_FILE, True)]:
        return _NO_FILE
    return Asked(model=resolved.model, stream=resolved.stream, batch=files[0] if purpose == _BATCH else None)


def _in_requests(headers: Headers, body: bytes) -> Asked | Refused:
    text = read_json(notable(headers), body)
    if isinstance(text, str):
        return Refused(Reason.MALFORMED_REQUEST, text)
    items = message_requests(text)
    return items if isinstance(items, Refused) else Asked(batch=items)
