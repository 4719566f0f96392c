"""The usual question, read in one go: a conversation as SDKs write it, in which nothing needs a second look.

Whatever is unusual is None, and read thoroughly by `model.resolve`. A test holds the two to the same answer: what is read here is what
would be read there.
"""

import msgspec
from msgspec import Raw

from gateway.wire.body import COMPACT_UP_TO, NESTED, accounts_for, read_compact, read_text
from gateway.wire.headers import Headers
from gateway.wire.media import reads_json
from gateway.wire.plain import conversation
from gateway.wire.resolved import USABLE, Resolved
from gateway.wire.route import Content, ModelIn, Route
from gateway.wire.shape import SHAPES


def is_usual(route: Route, query: bytes, notable: Headers) -> bool:
    """Whether a request with this head can be read here: JSON, a model in its body, and nothing else that could name one."""
    if query or route.model_in is not ModelIn.BODY or route.content is not Content.JSON:
        return False
    return len(notable) == 1 and notable[0][0] == b"content-type" and reads_json(notable[0][1])


def read_usual(route: Route, body: bytes) -> Resolved | None:
    """Read the body of a request whose head `is_usual`; None where it has to be read thoroughly, whatever is the matter. Never raises."""
    members = _members(body)
    if members is None:
        return None
    shape = SHAPES[tuple(members)]
    if not shape.usual or not route.folded.isdisjoint(shape.folded):
        return None
    for name in shape.nested:
        value = members[name]
        if memoryview(value)[0] in NESTED and not conversation(value):
            return None
    model = read_text(members["model"])
    if model is None or not USABLE[model]:
        return None
    return Resolved(model, route.streams or ("stream" in members and bytes(members["stream"]) == b"true"))


def _members(body: bytes) -> dict[str, Raw] | None:
    """Give the members of an object without a space, an escape by number or another alphabet than ASCII, each sent once."""
    if len(body) > COMPACT_UP_TO or (b"\\" in body and b"\\u" in body) or not body.isascii():
        return None
    try:
        members = read_compact(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return members if accounts_for(members, body) else None
