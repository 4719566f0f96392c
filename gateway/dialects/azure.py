"""Azure OpenAI's API: OpenAI's errors under codes of its own for a deployment that is not there, and OpenAI's streams and lists."""

from typing import Final

import msgspec

from gateway.dialects import openai
from gateway.dialects.head import JSON, fields_of
from gateway.dialects.refusal import Refusal, Response
from gateway.dialects.statuses import status_of
from gateway.policy.vocabulary import Reason

_encode: Final = msgspec.json.Encoder().encode

_CODES: Final = {Reason.MODEL_UNKNOWN: "DeploymentNotFound"}

cut_event: Final = openai.cut_event
models_page: Final = openai.models_page
model_entry: Final = openai.model_entry
failure_body: Final = openai.failure_body
final_event: Final = openai.final_event


def render(refusal: Refusal) -> Response:
    """Spell a refusal as Azure OpenAI does; `apim-request-id` is where its support asks for the request."""
    status = status_of(refusal.reason, refusal.legal_basis)
    error = openai.error_of(refusal, status)
    error["code"] = _CODES.get(refusal.reason, error["code"])
    fields = fields_of(refusal, status, JSON)
    fields += [(b"apim-request-id", value) for name, value in fields if name == b"x-request-id"]
    return Response(status, fields, _encode({"error": error}))
