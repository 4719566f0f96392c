"""The table of routes: a request is in it, or it is refused. One exact look-up, no patterns."""

from collections.abc import Mapping, Sequence
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from msgspec import Struct


@unique
class Dialect(StrEnum):
    """Whose API the caller speaks: where the model is named and how a refusal is spelled."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


@unique
class Kind(StrEnum):
    """What a route does: run a model, list the models that this caller may use, show one of them."""

    INFERENCE = "inference"
    REALTIME = "realtime"
    CATALOGUE = "catalogue"
    CATALOGUE_ITEM = "catalogue_item"


@unique
class ModelIn(StrEnum):
    """Where the route names its model: the JSON body, the last part of the path (`item_name`), or nowhere."""

    BODY = "body"
    QUERY = "query"
    PATH = "path"
    NOWHERE = "nowhere"


class Route(Struct, frozen=True):
    """One line of the table. `name` is for records and metrics: a closed set, never text from a caller.

    `stateful` are the body's fields that reach into what another request left behind, or outlive this one: whose it is
    cannot be told here, so the request is refused unless they are null or false.
    """

    name: str
    dialect: Dialect
    kind: Kind
    model_in: ModelIn
    stateful: frozenset[str] = frozenset()


def _inference(name: str, dialect: Dialect, *stateful: str) -> Route:
    return Route(name, dialect, Kind.INFERENCE, ModelIn.BODY, frozenset(stateful))


_REALTIME: Final = Route(
    "realtime",
    Dialect.OPENAI,
    Kind.REALTIME,
    ModelIn.QUERY,
    frozenset(("call_id", "session", "session_id", "conversation", "conversation_id")),
)
_CATALOGUE: Final = Route("models", Dialect.OPENAI, Kind.CATALOGUE, ModelIn.NOWHERE)
_CATALOGUE_ITEM: Final = Route("model", Dialect.OPENAI, Kind.CATALOGUE_ITEM, ModelIn.PATH)
_ITEM_PREFIX: Final = "/v1/models/"

TABLE: Final[Mapping[tuple[bytes, str], Route]] = MappingProxyType(
    {
        (b"POST", "/v1/chat/completions"): _inference("chat_completions", Dialect.OPENAI),
        (b"POST", "/v1/completions"): _inference("completions", Dialect.OPENAI),
        (b"POST", "/v1/responses"): _inference("responses", Dialect.OPENAI, "background", "previous_response_id", "conversation"),
        (b"POST", "/v1/embeddings"): _inference("embeddings", Dialect.OPENAI),
        (b"POST", "/v1/images/generations"): _inference("images_generations", Dialect.OPENAI),
        (b"POST", "/v1/audio/speech"): _inference("audio_speech", Dialect.OPENAI),
        (b"POST", "/v1/moderations"): _inference("moderations", Dialect.OPENAI),
        (b"POST", "/v1/messages"): _inference("messages", Dialect.ANTHROPIC, "container", "thread"),
        (b"POST", "/v1/messages/count_tokens"): _inference("messages_count_tokens", Dialect.ANTHROPIC),
        (b"GET", "/v1/realtime"): _REALTIME,
        (b"GET", "/v1/models"): _CATALOGUE,
    }
)


def find(method: bytes, path: str) -> Route | None:
    """Find the route of a canonical `path`, exact and case-sensitive in both arguments; None is to be refused as `route_not_allowed`."""
    route = TABLE.get((method, path))
    if route is None and method == b"GET" and path.startswith(_ITEM_PREFIX) and len(path) > len(_ITEM_PREFIX):
        return _CATALOGUE_ITEM
    return route


def item_name(path: str) -> str:
    """Name the model that a `catalogue_item` path names; it may hold slashes (`provider/model`)."""
    return path[len(_ITEM_PREFIX) :]


def dialect_of(route: Route | None, headers: Sequence[tuple[bytes, bytes]]) -> Dialect:
    """Choose the dialect to answer in: the route's own, else Anthropic's if the caller sends its version header, else OpenAI's."""
    if route is not None and route.kind in (Kind.INFERENCE, Kind.REALTIME):
        return route.dialect
    spoken = any(name == b"anthropic-version" for name, _ in headers)
    return Dialect.ANTHROPIC if spoken else Dialect.OPENAI
