"""OpenAI's API: an error object with type, param and code; a stream ends early with an event that holds one.

The SDK raises on any event whose data has a true `error`; the same data says `type: error`, as the Responses API does.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gateway.dialects.head import JSON, fields_of
from gateway.dialects.refusal import Refusal, Response
from gateway.dialects.statuses import status_of
from gateway.dialects.texts import facts_of, text_of
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Reason

_encode: Final = msgspec.json.Encoder().encode

_TYPES: Final = {
    400: "invalid_request_error",
    401: "invalid_request_error",
    403: "request_forbidden",
    404: "invalid_request_error",
    429: "rate_limit_error",
    451: "request_forbidden",
    503: "server_error",
}
_CODES: Final = {Reason.REGION_RESTRICTED: "unsupported_country_region_territory", Reason.MODEL_UNKNOWN: "model_not_found"}
_ABOUT_MODEL: Final = frozenset((Reason.MODEL_UNRESOLVED, Reason.MODEL_AMBIGUOUS, Reason.MODEL_UNKNOWN))


def render(refusal: Refusal) -> Response:
    """Spell a refusal as OpenAI's API does."""
    status = status_of(refusal.reason, refusal.legal_basis)
    return Response(status, fields_of(refusal, status, JSON), _encode({"error": error_of(refusal, status)}))


def cut_event(refusal: Refusal) -> bytes:
    """Spell the event that ends a stream which is cut."""
    error = error_of(refusal, status_of(refusal.reason, refusal.legal_basis))
    data = {"type": "error", "code": error["code"], "message": error["message"], "param": error["param"], "error": error}
    return b"event: error\ndata: " + _encode(data) + b"\n\n"


def error_of(refusal: Refusal, status: int) -> dict[str, str | None]:
    """Give the error object itself, for APIs that have the same."""
    return {
        "message": text_of(refusal),
        "type": _TYPES[status],
        "param": "model" if refusal.reason in _ABOUT_MODEL else None,
        "code": _CODES.get(refusal.reason, refusal.reason.value),
        **facts_of(refusal),
    }


def failure_body(status: int, code: str, text: str, request_id: str) -> bytes:
    """Spell a failure that is no refusal."""
    del status, request_id
    return _encode({"error": {"message": text, "type": "server_error", "param": None, "code": code}})


def final_event(body: bytes) -> bytes:
    """Make the last event of a stream from a failure's body."""
    return b"event: error\ndata: " + body + b"\n\n"


def models_page(models: Sequence[Model]) -> bytes:
    """Body of the list of `models`."""
    return _encode({"object": "list", "data": [_entry(model) for model in models]})


def model_entry(model: Model) -> bytes:
    """Body of one model."""
    return _encode(_entry(model))


def _entry(model: Model) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.owned_by}
