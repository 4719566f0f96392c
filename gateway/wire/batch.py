"""Batches: many requests in one body, run when nobody asks any more whether they may.

A gated model is refused in them by default, because a batch outlives the permission; other models are given, to be decided on, after
every line has been read. Each line is judged as the request that it will become, by the rules of its own route.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec import Raw, Struct

from gateway.policy.vocabulary import Reason
from gateway.wire.body import Members, read_items, read_object, read_text
from gateway.wire.model import Resolved, resolve
from gateway.wire.refused import Refused
from gateway.wire.route import Content, Kind, ModelIn, Route
from gateway.wire.routes import find

MOST_LINES: Final = 100_000
"""Most requests in one batch."""

SLICE_BYTES: Final = 1 << 16
SLICE_REQUESTS: Final = 200

Gated = Callable[[str], bool]

# Line separators to some readers of text, none to JSON: written raw within a string they would part a line in two.
_SEPARATORS: Final = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
_LINE_KEYS: Final = frozenset(("custom_id", "method", "url", "body"))
_REQUEST_KEYS: Final = frozenset(("custom_id", "params"))


class Batch(Struct, frozen=True):
    """The models that a batch names, each once, in order, and how many requests it holds."""

    models: tuple[str, ...]
    requests: int


def read_batch_file(content: bytes, gated: Gated, first: int = 1) -> Batch | Refused:
    """Read a batch's input file: JSON lines of `custom_id`, `method`, `url`, `body`. `gated` says whether a model of that name is.

    Total, never raises. A refusal names the number of the line, of which that at the start of `content` has the
    number `first`, and quotes nothing of it.
    """
    if any(each in content for each in _SEPARATORS):
        return Refused(Reason.MALFORMED_REQUEST, "the file has line separators within a line; write them as escapes")
    lines = content.removesuffix(b"\n").split(b"\n")
    return _collected((_line_model(line) for line in lines), len(lines), gated, "line", first)


def read_message_batch(body: bytes, gated: Gated) -> Batch | Refused:
    """Read the body of `POST /v1/messages/batches`: `requests`, each with `custom_id` and `params`. Requests are counted from 1."""
    items = message_requests(body)
    return items if isinstance(items, Refused) else read_requests(items, gated)


def message_requests(body: bytes) -> list[Raw] | Refused:
    """Give the requests in the body of `POST /v1/messages/batches`, unread."""
    members = read_object(body)
    if isinstance(members, str):
        return Refused(Reason.MALFORMED_REQUEST, members)
    if members.names != ("requests",) or not bytes(members.values[0]).startswith(b"["):
        return Refused(Reason.MALFORMED_REQUEST, 'the body must hold "requests", a list, and nothing else')
    return read_items(bytes(members.values[0]))


def read_requests(items: Sequence[Raw], gated: Gated, first: int = 1) -> Batch | Refused:
    """Read some of them, of which the first has the number `first`."""
    return _collected((_request_model(item) for item in items), len(items), gated, "request", first)


def in_slices(content: bytes | Sequence[Raw], gated: Gated) -> Iterator[Batch | Refused]:
    """Read a batch's file, or its requests, a slice at a time: whoever asks can do something else in between. Ends with a refusal."""
    place = count = 0
    while place < len(content) or not count:
        if isinstance(content, bytes):
            end = content.find(b"\n", min(place + SLICE_BYTES, len(content))) + 1 or len(content)
            batch = read_batch_file(content[place:end], gated, count + 1)
        else:
            end = place + SLICE_REQUESTS
            batch = read_requests(content[place:end], gated, count + 1)
        yield batch
        if isinstance(batch, Refused) or not batch.requests:
            return
        place, count = end, count + batch.requests
        if count > MOST_LINES:
            yield Refused(Reason.MALFORMED_REQUEST, f"the batch holds over {MOST_LINES} requests")
            return


def _collected(found: Iterable[str | Refused], count: int, gated: Gated, unit: str, first: int = 1) -> Batch | Refused:
    if count > MOST_LINES:
        return Refused(Reason.MALFORMED_REQUEST, f"the batch holds over {MOST_LINES} requests")
    models: dict[str, None] = {}
    for number, each in enumerate(found, first):
        if isinstance(each, Refused):
            return Refused(each.reason, f"{unit} {number}: {each.detail}")
        if each not in models and gated(each):
            return Refused(Reason.ROUTE_NOT_ALLOWED, f"{unit} {number}: this model is not run in batches, which outlive the permission")
        models[each] = None
    return Batch(tuple(models), count)


def _line_model(line: bytes) -> str | Refused:
    members = _members(line, _LINE_KEYS)
    if isinstance(members, Refused):
        return members
    fields = dict(zip(members.names, members.values, strict=True))
    route = _route_of(fields)
    if route is None:
        return Refused(Reason.ROUTE_NOT_ALLOWED, '"method" and "url" name no route whose requests may stand in a batch')
    return _model(route, bytes(fields["body"]) if "body" in fields else b"")


def _request_model(item: Raw) -> str | Refused:
    members = _members(bytes(item), _REQUEST_KEYS)
    if isinstance(members, Refused):
        return members
    route = find(b"POST", "/v1/messages")
    fields = dict(zip(members.names, members.values, strict=True))
    if route is None or "params" not in fields:
        return Refused(Reason.MODEL_UNRESOLVED, 'there are no "params"')
    return _model(route, bytes(fields["params"]))


def _members(text: bytes, known: frozenset[str]) -> Members | Refused:
    members = read_object(text)
    if isinstance(members, str):
        return Refused(Reason.MALFORMED_REQUEST, members)
    if len(set(members.names)) != len(members.names) or not known.issuperset(members.names):
        return Refused(Reason.MALFORMED_REQUEST, f"expected the keys {', '.join(sorted(known))}, each once")
    return members


def _route_of(fields: dict[str, Raw]) -> Route | None:
    """Find the route of a line: one that runs a model named by a JSON body. Azure's files leave out `/v1`."""
    url = read_text(fields["url"]) if "url" in fields else None
    if url is None or read_text(fields.get("method", Raw(b'""'))) != "POST":
        return None
    route = find(b"POST", url) or find(b"POST", "/v1" + url)
    plain = route is not None and route.kind is Kind.INFERENCE and route.content is Content.JSON and route.model_in is ModelIn.BODY
    return route if plain else None


def _model(route: Route, body: bytes) -> str | Refused:
    resolved = resolve(route, b"", (), body)
    return resolved.model if isinstance(resolved, Resolved) else resolved
