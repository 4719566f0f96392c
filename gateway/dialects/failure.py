"""How a failure that is no refusal is spelled: the upstream did not answer, or the gate is about to end. The caller may try again."""

from typing import Any, Final

import msgspec

from gateway.dialects.refusal import Response
from gateway.wire.routes import Dialect

_encode: Final = msgspec.json.Encoder().encode

UNAVAILABLE: Final = "upstream_unavailable"
DRAINING: Final = "gateway_draining"


def failure(dialect: Dialect, status: int, text: str, request_id: str) -> Response:
    """Spell a 5xx in the caller's dialect; `text` is the gate's own and names no address. Official SDKs retry these."""
    ids = [(b"x-request-id", request_id.encode()), (b"request-id", request_id.encode())]
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *ids]
    return Response(status, headers, _encode(_body(dialect, UNAVAILABLE, text, request_id)))


def final_event(dialect: Dialect, text: str, request_id: str) -> bytes:
    """Spell the event that ends a running stream when the gate itself ends: the official SDKs raise on it."""
    return b"event: error\ndata: " + _encode(_body(dialect, DRAINING, text, request_id)) + b"\n\n"


def _body(dialect: Dialect, code: str, text: str, request_id: str) -> dict[str, Any]:
    if dialect is Dialect.ANTHROPIC:
        return {"type": "error", "error": {"type": "api_error", "message": text}, "request_id": request_id}
    return {"error": {"message": text, "type": "server_error", "param": None, "code": code}}
