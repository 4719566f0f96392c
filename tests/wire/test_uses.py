"""The table of uses: every line is a stateful route, every slot an id."""

import re

import pytest

from gateway.wire.route import Kind
from gateway.wire.routes import TABLE, find
from gateway.wire.uses import LINES, Reading, Use, find_use

SHAPES = [line.split()[:2] for line in LINES.splitlines() if line]


@pytest.mark.parametrize(("method", "shape"), SHAPES)
def test_every_use_is_of_a_stateful_route(method: str, shape: str) -> None:
    path = re.sub(r"\{\w+\}", "x-1", shape)
    route = find(method.encode(), path)
    assert route is not None
    assert route.kind is Kind.STATEFUL


@pytest.mark.parametrize(("method", "shape"), SHAPES)
def test_every_slot_is_an_id_that_is_looked_up(method: str, shape: str) -> None:
    names = iter("abcdef")
    path = re.sub(r"\{\w+\}", lambda _: next(names), shape)
    use = find_use(method.encode(), path)
    assert use is not None
    assert use.ids(path) == tuple("abcdef"[: shape.count("{")])


def test_no_list_of_everything_is_a_use() -> None:
    lists = [shape for method, shape in TABLE if method == b"GET" and "{" not in shape]
    assert lists
    assert [shape for shape in lists if find_use(b"GET", shape)] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (b"GET", "/v1/files/"),
        (b"PUT", "/v1/files/file-1"),
        (b"GET", "/v1/files/file-1/content/x"),
        (b"POST", "/v1/threads/runs"),
        (b"GET", "/v1/conversations/conv-1/items/msg-1"),
        (b"POST", "/v1/responses/compact"),
        (b"GET", "/openai/v1/files/file-1"),
    ],
)
def test_what_is_in_no_line_is_no_use(method: bytes, path: str) -> None:
    assert find_use(method, path) is None


def test_a_line_is_read() -> None:
    use = find_use(b"POST", "/v1/threads/thread-1/runs")
    assert use == Use(Reading.JSON, (3,), "run", ("id",), frozenset(), frozenset(("model?", "outlives", "fills")))
