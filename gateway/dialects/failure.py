"""How a failure that is no refusal is spelled: the upstream did not answer, or the gate itself broke. The caller may try again."""

from typing import Final

import msgspec

from gateway.dialects.refusal import Response
from gateway.wire.routes import Dialect

_encode: Final = msgspec.json.Encoder().encode


def failure(dialect: Dialect, status: int, text: str, request_id: str) -> Response:
    """Spell a 5xx in the caller's dialect; `text` is the gate's own and names no address. Official SDKs retry these."""
    if dialect is Dialect.ANTHROPIC:
        body = _encode({"type": "error", "error": {"type": "api_error", "message": text}, "request_id": request_id})
    else:
        body = _encode({"error": {"message": text, "type": "upstream_error", "param": None, "code": "upstream_unavailable"}})
    ids = [(b"x-request-id", request_id.encode()), (b"request-id", request_id.encode())]
    return Response(status, [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *ids], body)
