"""Cohere's API: a message and an id; a stream of version 2 ends early with a `message-end` whose reason is an error.

Streams of version 1 are JSON lines without events: they are broken off.
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
_decode: Final = msgspec.json.Decoder(dict[str, str]).decode


def render(refusal: Refusal) -> Response:
    """Spell a refusal as Cohere's API does."""
    status = status_of(refusal.reason, refusal.legal_basis)
    return Response(status, fields_of(refusal, status, JSON), _encode(_error(refusal)))


def cut_event(refusal: Refusal) -> bytes:
    """Spell the event that ends a stream which is cut."""
    return final_event(_encode(_error(refusal)))


def failure_body(status: int, code: str, text: str, request_id: str) -> bytes:
    """Spell a failure that is no refusal."""
    del status
    return _encode({"id": request_id, "message": text, "reason": code})


def final_event(body: bytes) -> bytes:
    """Make the last event of a stream from a failure's body."""
    error = _decode(body)
    delta = {"finish_reason": "ERROR", "error": error["message"]}
    return b"event: message-end\ndata: " + _encode({"type": "message-end", "delta": delta, **error}) + b"\n\n"


def _error(refusal: Refusal) -> dict[str, str]:
    return {"id": refusal.request_id, "message": text_of(refusal), **facts_of(refusal)}


def models_page(models: Sequence[Model]) -> bytes:
    """Body of the list of `models`, in one page."""
    return _encode({"models": [_entry(model) for model in models], "next_page_token": None})


def model_entry(model: Model) -> bytes:
    """Body of one model."""
    return _encode(_entry(model))


def _entry(model: Model) -> dict[str, Any]:
    return {"name": model.id, "endpoints": [], "finetuned": False}
