"""The table of routes: a request is in it, or it is refused. One exact look-up, or one step a segment; no patterns."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gateway.wire.route import Content, Dialect, Kind, ModelIn, Route, path_model
from gateway.wire.table import LINES, PLAIN
from gateway.wire.tree import PathTree

__all__ = ["TABLE", "Content", "Dialect", "Kind", "ModelIn", "Route", "dialect_of", "find", "path_model"]

Line = tuple[bytes, str, Route]

_PLACES: Final = MappingProxyType(
    {
        "body": (ModelIn.BODY, Content.JSON),
        "form": (ModelIn.BODY, Content.FORM),
        "query": (ModelIn.QUERY, Content.JSON),
        "path": (ModelIn.PATH, Content.JSON),
        "path+form": (ModelIn.PATH, Content.FORM),
        "route": (ModelIn.ROUTE, Content.JSON),
        "-": (ModelIn.NOWHERE, Content.JSON),
    }
)
_SPEAKS: Final = MappingProxyType(
    {b"anthropic-version": Dialect.ANTHROPIC, b"x-goog-api-key": Dialect.GEMINI, b"x-goog-api-client": Dialect.GEMINI}
)


def read_lines(dialect: Dialect, text: str) -> Iterator[Line]:
    """Read lines of the table. ValueError or KeyError: a line says something that is not known."""
    for line in filter(None, text.splitlines()):
        kind, name, methods, shape, place, *words = line.split()
        route = _route(dialect, Kind(kind), name, shape, _PLACES[place], words)
        for method in methods.split(","):
            yield method.encode("ascii"), shape, route


def _route(dialect: Dialect, kind: Kind, name: str, shape: str, place: tuple[ModelIn, Content], words: list[str]) -> Route:
    slot, verb, tail = _slot_of(shape)
    refused = [word.removeprefix("refuses:") for word in words if word.startswith("refuses:")]
    flags = {word for word in words if not word.startswith("refuses:")}
    if flags - {"streams", "shared"} or (place[0] is ModelIn.PATH and not slot):
        raise ValueError(f"{shape}: unknown words or no {{model}}")
    return Route(
        name=name,
        dialect=dialect,
        kind=kind,
        model_in=ModelIn.PATH if kind is Kind.CATALOGUE_ITEM else place[0],
        content=place[1],
        stateful=frozenset(",".join(refused).split(",")) - {""},
        slot=slot,
        verb=verb,
        tail=tail,
        streams="streams" in flags,
        shared="shared" in flags,
    )


def _slot_of(shape: str) -> tuple[int, str, bool]:
    for place, segment in enumerate(shape.split("/")):
        if segment.startswith("{model"):
            return place, segment.partition("}:")[2], segment.endswith("...}")
    return 0, "", False


def _all_lines() -> list[Line]:
    lines = [line for dialect, text in LINES.items() for line in read_lines(dialect, text)]
    return lines + list(read_lines(Dialect.OPENAI, PLAIN))


def _exact_and_tree(lines: list[Line]) -> tuple[dict[tuple[bytes, str], Route], PathTree]:
    exact, tree = {}, PathTree()
    for method, shape, route in lines:
        tree.add(method, shape, route)
        if "{" not in shape:
            exact[method, shape] = route
    return exact, tree


_LINES: Final = _all_lines()
_EXACT, _TREE = _exact_and_tree(_LINES)

TABLE: Final[Mapping[tuple[bytes, str], Route]] = MappingProxyType({(method, shape): route for method, shape, route in _LINES})
"""Every line: method and shape of the path -> route."""


def find(method: bytes, path: str) -> Route | None:
    """Find the route of a canonical `path`, exact and case-sensitive in both arguments; None is to be refused as `route_not_allowed`."""
    route = _EXACT.get((method, path))
    return _TREE.find(method, path) if route is None else route


def dialect_of(route: Route | None, headers: Sequence[tuple[bytes, bytes]]) -> Dialect:
    """Choose the dialect to answer in: the route's own, or, where several meet, that of the caller's own headers, else OpenAI's."""
    if route is not None and not route.shared:
        return route.dialect
    for name, value in headers:
        if name in _SPEAKS:
            return _SPEAKS[name]
        if name == b"x-fern-sdk-name" and value == b"cohere":
            return Dialect.COHERE
    return Dialect.OPENAI
