"""What a body says it is: JSON in UTF-8, not encoded, or unsaid. The upstream must read it as it was judged here."""

from typing import Final

from gateway.wire.headers import Headers
from gateway.wire.memo import Memo

_CHARSETS: Final = frozenset((b"utf-8", b"utf8"))


def content_problem(headers: Headers) -> str | None:
    """Say why a JSON body with these headers cannot be judged, or None. No Content-Type at all is judged as JSON."""
    for name, value in headers:
        if name == b"content-type":
            if not _JSON[value]:
                return "content-type: not JSON in UTF-8; send application/json"
        elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            return "content-encoding: encoded bodies are not read; send the body as it is"
    return None


def _is_json(value: bytes) -> bool:
    essence, *parameters = value.lower().split(b";")
    kind = essence.strip()
    json = kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))
    return json and b"," not in value and all(map(_harmless, parameters))


def _harmless(parameter: bytes) -> bool:
    name, _, value = parameter.strip().partition(b"=")
    return name.strip() != b"charset" or value.strip().strip(b'"') in _CHARSETS


_JSON: Final = Memo(_is_json, size=len)
