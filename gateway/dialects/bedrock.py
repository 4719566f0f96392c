"""Amazon Bedrock's API: a message, and the error's type in a header. Its streams are binary (application/vnd.amazon.eventstream).

A cut stream is broken off: no client takes half a message for an end.
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

_TYPES: Final = {
    400: b"ValidationException",
    401: b"UnrecognizedClientException",
    403: b"AccessDeniedException",
    404: b"ResourceNotFoundException",
    429: b"ThrottlingException",
    451: b"AccessDeniedException",
    503: b"ServiceUnavailableException",
}


def render(refusal: Refusal) -> Response:
    """Spell a refusal as Bedrock does: `x-amzn-errortype` names the exception that AWS's SDKs raise."""
    status = status_of(refusal.reason, refusal.legal_basis)
    fields = fields_of(refusal, status, JSON)
    fields += [(b"x-amzn-requestid", value) for name, value in fields if name == b"x-request-id"]
    fields.append((b"x-amzn-errortype", _TYPES[status]))
    return Response(status, fields, _encode(_error(refusal)))


def cut_event(refusal: Refusal) -> bytes:
    """Spell the end of a stream of server-sent events, should an upstream send one here."""
    return final_event(_encode(_error(refusal)))


def failure_body(status: int, code: str, text: str, request_id: str) -> bytes:
    """Spell a failure that is no refusal."""
    del status
    return _encode({"message": text, "reason": code, "request_id": request_id})


def final_event(body: bytes) -> bytes:
    """Make the last event of a stream from a failure's body."""
    return b"event: error\ndata: " + body + b"\n\n"


def _error(refusal: Refusal) -> dict[str, str]:
    return {"message": text_of(refusal), **facts_of(refusal)}


def models_page(models: Sequence[Model]) -> bytes:
    """Body of the list of `models`."""
    return _encode({"modelSummaries": [_entry(model) for model in models]})


def model_entry(model: Model) -> bytes:
    """Body of one model."""
    return _encode({"modelDetails": _entry(model)})


def _entry(model: Model) -> dict[str, Any]:
    return {
        "modelArn": f"arn:aws:bedrock:::foundation-model/{model.id}",
        "modelId": model.id,
        "modelName": model.id,
        "providerName": model.owned_by,
        "modelLifecycle": {"status": "ACTIVE"},
    }
