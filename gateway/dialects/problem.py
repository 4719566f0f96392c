"""Problem details for HTTP APIs (RFC 9457), for callers who ask for them."""

from http import HTTPStatus
from typing import Final

import msgspec

from gateway.dialects.head import PROBLEM, fields_of
from gateway.dialects.refusal import Refusal, Response
from gateway.dialects.statuses import status_of
from gateway.dialects.texts import facts_of, text_of

_encode: Final = msgspec.json.Encoder().encode


def render(refusal: Refusal) -> Response:
    """Spell a refusal as problem details; the type is about:blank, the reason is an extension member."""
    status = status_of(refusal.reason, refusal.legal_basis)
    problem: dict[str, str | int] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": text_of(refusal),
        "request_id": refusal.request_id,
        **facts_of(refusal),
    }
    return Response(status, fields_of(refusal, status, PROBLEM), _encode(problem))


def is_wanted(accept: bytes | None) -> bool:
    """Whether an Accept value names application/problem+json, and not with a weight of zero (RFC 9110 section 12.5.1)."""
    if accept is None or b"problem+json" not in accept.lower():
        return False
    return any(_names_problem(each) for each in accept.lower().split(b","))


def _names_problem(media_range: bytes) -> bool:
    kind, *parameters = (part.strip() for part in media_range.split(b";"))
    weight = next((part[2:] for part in parameters if part.startswith(b"q=")), b"1")
    return kind == PROBLEM and bool(weight.strip(b"0."))
