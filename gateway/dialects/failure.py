"""How a failure that is no refusal is spelled: the upstream did not answer, or the gate is about to end. The caller may try again."""

from typing import Final

from gateway.dialects import SPELLINGS
from gateway.dialects.refusal import Response
from gateway.wire.route import Dialect

UNAVAILABLE: Final = "upstream_unavailable"
DRAINING: Final = "gateway_draining"

_UNAVAILABLE_STATUS: Final = 503


def failure(dialect: Dialect, status: int, text: str, request_id: str) -> Response:
    """Spell a 5xx in the caller's dialect; `text` is the gate's own and names no address. Official SDKs retry these."""
    ids = [(b"x-request-id", request_id.encode()), (b"request-id", request_id.encode())]
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *ids]
    return Response(status, headers, SPELLINGS[dialect].failure_body(status, UNAVAILABLE, text, request_id))


def final_event(dialect: Dialect, text: str, request_id: str) -> bytes:
    """Spell the event that ends a running stream when the gate itself ends: the official SDKs raise on it."""
    spelling = SPELLINGS[dialect]
    return spelling.final_event(spelling.failure_body(_UNAVAILABLE_STATUS, DRAINING, text, request_id))
