"""How each API spells a refusal, a broken-off stream and a list of models: one file a dialect, one map here."""

from collections.abc import Sequence

from gateway.dialects.refusal import House, Refusal, Response, from_denial, from_reason
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Reason
from gateway.wire.routes import Dialect

__all__ = [
    "Dialect",
    "House",
    "Refusal",
    "Response",
    "cut_event",
    "from_denial",
    "from_reason",
    "model_entry",
    "models_page",
    "render",
    "status_of",
]


def render(dialect: Dialect, refusal: Refusal, accept: bytes | None) -> Response:
    """Spell the refusal in the caller's dialect, or RFC 9457 where `accept` asks for application/problem+json.

    Headers set: content-type, cache-control, x-should-retry, x-request-id, x-gateway-decision-id, x-gateway-revision (if known),
    and where they apply request-id, www-authenticate, retry-after, link. Never a framing header.
    """
    raise NotImplementedError


def cut_event(dialect: Dialect, refusal: Refusal) -> bytes:
    """Spell the last server-sent event of a stream that is cut: the official SDKs raise their own API error on it."""
    raise NotImplementedError


def models_page(dialect: Dialect, models: Sequence[Model]) -> bytes:
    """Body of `GET /v1/models`: exactly these models, by id, in this order."""
    raise NotImplementedError


def model_entry(dialect: Dialect, model: Model) -> bytes:
    """Body of `GET /v1/models/{id}`."""
    raise NotImplementedError


def status_of(reason: Reason, legal_basis: str = "") -> int:
    """HTTP status of a refusal for `reason`: 400, 401, 403, 404, 429, 451 (with a legal basis) or 503."""
    raise NotImplementedError
