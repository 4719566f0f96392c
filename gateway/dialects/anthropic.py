"""Anthropic's API: an error of a broad type, its cause in `details.error_code`; a stream ends early with an `error` event."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from gateway.dialects.head import JSON, fields_of
from gateway.dialects.refusal import Refusal, Response
from gateway.dialects.statuses import status_of
from gateway.dialects.texts import facts_of, text_of
from gateway.policy.snapshot import Model

_encode: Final = msgspec.json.Encoder().encode

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    451: "permission_error",
    503: "api_error",
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = 253_402_300_799  # the last second of the year 9999


def render(refusal: Refusal) -> Response:
    """Spell a refusal as Anthropic's API does; `request-id` is where its SDK looks."""
    status = status_of(refusal.reason, refusal.legal_basis)
    fields = fields_of(refusal, status, JSON)
    fields += [(b"request-id", value) for name, value in fields if name == b"x-request-id"]
    return Response(status, fields, _encode(_error(refusal, status)))


def cut_event(refusal: Refusal) -> bytes:
    """Spell the event that ends a stream which is cut."""
    status = status_of(refusal.reason, refusal.legal_basis)
    return b"event: error\ndata: " + _encode(_error(refusal, status)) + b"\n\n"


def _error(refusal: Refusal, status: int) -> dict[str, Any]:
    details = {"error_code": refusal.reason.value}
    error = {"type": _TYPES[status], "message": text_of(refusal), "details": details, **facts_of(refusal)}
    return {"type": "error", "error": error, "request_id": refusal.request_id}


def failure_body(status: int, code: str, text: str, request_id: str) -> bytes:
    """Spell a failure that is no refusal."""
    del status, code
    return _encode({"type": "error", "error": {"type": "api_error", "message": text}, "request_id": request_id})


def final_event(body: bytes) -> bytes:
    """Make the last event of a stream from a failure's body."""
    return b"event: error\ndata: " + body + b"\n\n"


def models_page(models: Sequence[Model]) -> bytes:
    """Body of the list of `models`, in one page."""
    first = models[0].id if models else None
    last = models[-1].id if models else None
    return _encode({"data": [_entry(model) for model in models], "has_more": False, "first_id": first, "last_id": last})


def model_entry(model: Model) -> bytes:
    """Body of one model."""
    return _encode(_entry(model))


def _entry(model: Model) -> dict[str, Any]:
    created = _EPOCH + timedelta(seconds=min(max(model.created, 0), _LATEST))
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.id,
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": "active",
    }
