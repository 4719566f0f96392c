"""Finds the line of a path that names something: one step a segment, no patterns, no going back."""

from typing import Final

from gateway.wire.route import Route


class PathTree:
    """Routes by the segments of their shapes. A plain segment is preferred to a slot, `{x}:verb` to `{x}`."""

    __slots__ = ("names", "rest", "routes", "slot", "verbs")

    def __init__(self) -> None:
        self.names: Final[dict[str, PathTree]] = {}
        self.verbs: Final[dict[str, PathTree]] = {}
        self.slot: PathTree | None = None
        self.rest: Final[dict[bytes, Route]] = {}
        self.routes: Final[dict[bytes, Route]] = {}

    def __repr__(self) -> str:
        return f"<PathTree {sorted(self.names)}>"

    def add(self, method: bytes, shape: str, route: Route) -> None:
        """Enter a line. ValueError: that shape has this method already."""
        node = self
        for segment in shape.split("/")[1:]:
            if segment.endswith("...}"):
                _enter(node.rest, method, route, shape)
                return
            node = node.child(segment)
        _enter(node.routes, method, route, shape)

    def child(self, segment: str) -> "PathTree":
        """Give the node of a segment of a shape, made where there is none."""
        if not segment.startswith("{"):
            return self.names.setdefault(segment, PathTree())
        verb = segment.partition("}:")[2]
        if verb:
            return self.verbs.setdefault(verb, PathTree())
        self.slot = self.slot or PathTree()
        return self.slot

    def find(self, method: bytes, path: str) -> Route | None:
        """Find the line of a canonical path; None where there is none, or a slot would be empty."""
        node = self
        for segment in path.split("/")[1:]:
            following = node.step(segment)
            if following is None:
                return node.rest.get(method) if segment and not path.endswith("/") else None
            node = following
        return node.routes.get(method)

    def step(self, segment: str) -> "PathTree | None":
        """Give the node that a segment of a path leads to."""
        following = self.names.get(segment)
        if following is not None or not segment:
            return following
        if self.verbs:
            name, _, verb = segment.partition(":")
            if name and verb in self.verbs:
                return self.verbs[verb]
        return self.slot


def _enter(routes: dict[bytes, Route], method: bytes, route: Route, shape: str) -> None:
    if method in routes:
        raise ValueError(f"{shape} is in the table twice")
    routes[method] = route
