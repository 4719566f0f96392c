"""How each API spells a refusal, a broken-off stream and a list of models: one file a dialect, one map here.

To add a dialect: a member of `wire.route.Dialect`, its lines in `wire.table`, a file with these six functions, a line in `SPELLINGS`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

from gateway.dialects import anthropic, azure, bedrock, cohere, gemini, openai, problem
from gateway.dialects.refusal import House, Refusal, Response, from_denial, from_reason
from gateway.dialects.statuses import status_of
from gateway.policy.snapshot import Model
from gateway.wire.route import Dialect

__all__ = [
    "SPELLINGS",
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


class Spelling(Protocol):
    """What a dialect's file offers."""

    def render(self, refusal: Refusal) -> Response:
        """Spell a refusal."""

    def cut_event(self, refusal: Refusal) -> bytes:
        """Spell the last event of a stream that is cut."""

    def failure_body(self, status: int, code: str, text: str, request_id: str) -> bytes:
        """Spell a failure that is no refusal."""

    def final_event(self, body: bytes) -> bytes:
        """Make the last event of a stream from a failure's body."""

    def models_page(self, models: Sequence[Model]) -> bytes:
        """Spell a list of models."""

    def model_entry(self, model: Model) -> bytes:
        """Spell one model."""


SPELLINGS: Final[Mapping[Dialect, Spelling]] = MappingProxyType(
    {
        Dialect.OPENAI: openai,
        Dialect.ANTHROPIC: anthropic,
        Dialect.AZURE: azure,
        Dialect.GEMINI: gemini,
        Dialect.BEDROCK: bedrock,
        Dialect.COHERE: cohere,
    }
)


def render(dialect: Dialect, refusal: Refusal, accept: bytes | None) -> Response:
    """Spell the refusal in the caller's dialect, or RFC 9457 where `accept` asks for application/problem+json.

    Headers set: content-type, cache-control, x-should-retry, x-request-id, x-gateway-decision-id, x-gateway-revision (if known),
    and where they apply request-id, www-authenticate, retry-after, link. Never a framing header.
    """
    return problem.render(refusal) if problem.is_wanted(accept) else SPELLINGS[dialect].render(refusal)


def cut_event(dialect: Dialect, refusal: Refusal) -> bytes:
    """Spell the last server-sent event of a stream that is cut: the official SDKs raise their own API error on it."""
    return SPELLINGS[dialect].cut_event(refusal)


def models_page(dialect: Dialect, models: Sequence[Model]) -> bytes:
    """Body of `GET /v1/models`: exactly these models, by id, in this order."""
    return SPELLINGS[dialect].models_page(models)


def model_entry(dialect: Dialect, model: Model) -> bytes:
    """Body of `GET /v1/models/{id}`."""
    return SPELLINGS[dialect].model_entry(model)
