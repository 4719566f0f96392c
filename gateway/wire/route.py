"""What one line of the table of routes says."""

from enum import StrEnum, unique

from msgspec import Struct, structs

from gateway.wire.names import fold


@unique
class Dialect(StrEnum):
    """Whose API the caller speaks: where the model is named and how a refusal is spelled."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    AZURE = "azure"
    GEMINI = "gemini"
    BEDROCK = "bedrock"
    COHERE = "cohere"


@unique
class Kind(StrEnum):
    """What a route does: run a model, run one over a WebSocket, list the models that this caller may use, show one of them, work on
    stored objects (or outlive the request). What is in no line is unknown, and refused.
    """  # noqa: D205 - one sentence of several parts

    INFERENCE = "inference"
    REALTIME = "realtime"
    CATALOGUE = "catalogue"
    CATALOGUE_ITEM = "catalogue_item"
    STATEFUL = "stateful"


@unique
class ModelIn(StrEnum):
    """Where the route names its model: the body, the query, the path, the body or else the route itself, nowhere."""

    BODY = "body"
    QUERY = "query"
    PATH = "path"
    ROUTE = "route"
    NOWHERE = "nowhere"


@unique
class Content(StrEnum):
    """How the body is read, whatever it says of itself: one JSON object, or a form of parts (RFC 7578)."""

    JSON = "json"
    FORM = "form"


class Route(Struct, frozen=True):
    """One line of the table. `name` is for records and metrics: a closed set, never text from a caller.

    `stateful` are fields of the body, or parameters of the query, that on this route mean that the request outlives its answer or
    reaches into stored objects: refused unless null or false. References by their usual names are refused on every route. `slot` is
    the segment of the path that names the model (0: none), up to `:verb`, or to the end of the path where `tail`. `streams`: always.
    `shared`: several dialects meet here. `folded` is worked out, whatever is given: the names in `stateful` as lenient readers know them.
    """

    name: str
    dialect: Dialect
    kind: Kind
    model_in: ModelIn
    stateful: frozenset[str] = frozenset()
    content: Content = Content.JSON
    slot: int = 0
    verb: str = ""
    tail: bool = False
    streams: bool = False
    shared: bool = False
    folded: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Work out `folded`."""
        structs.force_setattr(self, "folded", frozenset(map(fold, self.stateful)))

    def usual_name(self, name: str) -> str:
        """Give the usual spelling of a `stateful` field that a lenient reader takes `name` for; empty for any other."""
        spelled = fold(name)
        return next((each for each in self.stateful if fold(each) == spelled), "") if spelled in self.folded else ""


def path_model(route: Route, path: str) -> str:
    """Name the model that the canonical `path` of this route names; empty if the route's paths name none, or `path` is not one of them."""
    segments = path.split("/", route.slot) if route.tail else path.split("/")
    if not route.slot or len(segments) <= route.slot:
        return ""
    segment = segments[route.slot]
    return segment.removesuffix(":" + route.verb) if route.verb else segment
