"""Google's Gemini API: an error of a code, a message and a canonical status; a stream ends early with an event that holds one.

Its SDK raises on any event, or element of a streamed array, that begins with `error`.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gateway.dialects.head import JSON, fields_of
from gateway.dialects.refusal import Refusal, Response
from gateway.dialects.statuses import status_of
from gateway.dialects.texts import facts_of, text_of
from gateway.policy.snapshot import Model

_encode: Final = msgspec.json.Encoder().encode

_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    451: "PERMISSION_DENIED",
    500: "INTERNAL",
    504: "DEADLINE_EXCEEDED",
}
_UNAVAILABLE: Final = "UNAVAILABLE"
_METHODS: Final = ("generateContent", "streamGenerateContent", "countTokens")


def render(refusal: Refusal) -> Response:
    """Spell a refusal as Gemini's API does."""
    status = status_of(refusal.reason, refusal.legal_basis)
    return Response(status, fields_of(refusal, status, JSON), _encode(_error(refusal, status)))


def cut_event(refusal: Refusal) -> bytes:
    """Spell the event that ends a stream which is cut; without a name, as its SDK reads data lines only."""
    return final_event(_encode(_error(refusal, status_of(refusal.reason, refusal.legal_basis))))


def failure_body(status: int, code: str, text: str, request_id: str) -> bytes:
    """Spell a failure that is no refusal."""
    error = {"code": status, "message": text, "status": _STATUSES.get(status, _UNAVAILABLE), "reason": code, "request_id": request_id}
    return _encode({"error": error})


def final_event(body: bytes) -> bytes:
    """Make the last event of a stream from a failure's body."""
    return b"data: " + body + b"\n\n"


def _error(refusal: Refusal, status: int) -> dict[str, Any]:
    named = _STATUSES.get(status, _UNAVAILABLE)
    error = {"code": status, "message": text_of(refusal), "status": named}
    return {"error": {**error, **facts_of(refusal), "request_id": refusal.request_id}}


def models_page(models: Sequence[Model]) -> bytes:
    """Body of the list of `models`, in one page."""
    return _encode({"models": [_entry(model) for model in models]})


def model_entry(model: Model) -> bytes:
    """Body of one model."""
    return _encode(_entry(model))


def _entry(model: Model) -> dict[str, Any]:
    return {"name": f"models/{model.id}", "displayName": model.id, "supportedGenerationMethods": _METHODS}
