"""What a body says it is: JSON in UTF-8, a form, or unsaid. The upstream must read it as it was judged here."""

from typing import Final

from gateway.wire.encoding import opened
from gateway.wire.headers import Headers
from gateway.wire.memo import Memo
from gateway.wire.multipart import boundary_of

_CHARSETS: Final = frozenset((b"utf-8", b"utf8"))


def read_json(headers: Headers, body: bytes) -> bytes | str:
    """Give the JSON text of a body with these headers, or say why it cannot be judged. No Content-Type at all is judged as JSON."""
    for name, value in headers:
        if name == b"content-type" and not _JSON[value]:
            return "content-type: not JSON in UTF-8; send application/json"
        if name == b"content-encoding":
            text = opened(value, body)
            if isinstance(text, str):
                return text
            body = text
    return body


def read_multipart(headers: Headers, body: bytes) -> tuple[bytes, bytes] | str:
    """Give the boundary and the text of a form with these headers, or say why it cannot be judged."""
    boundary = None
    for name, value in headers:
        if name == b"content-type":
            boundary = boundary_of(value)
        elif name == b"content-encoding":
            text = opened(value, body)
            if isinstance(text, str):
                return text
            body = text
    if boundary is None:
        return "content-type: not a form with one plain boundary; send multipart/form-data; boundary=..."
    return boundary, body


def reads_json(value: bytes) -> bool:
    """Whether a Content-Type of this value says JSON in UTF-8."""
    return _JSON[value]


def _judge_json(value: bytes) -> bool:
    essence, *parameters = value.lower().split(b";")
    kind = essence.strip()
    json = kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))
    return json and b"," not in value and all(map(_harmless, parameters))


def _harmless(parameter: bytes) -> bool:
    name, _, value = parameter.strip().partition(b"=")
    return name.strip() != b"charset" or value.strip().strip(b'"') in _CHARSETS


_JSON: Final = Memo(_judge_json, size=len)
