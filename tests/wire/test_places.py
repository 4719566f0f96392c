import json
from typing import Any

import pytest

from gateway.wire.body import Members, read_object
from gateway.wire.places import in_fields, in_headers, in_query, notable
from gateway.wire.refused import Refused
from gateway.wire.shape import SHAPES


def found_in(document: dict[str, Any]) -> list[str | None]:
    members = read_object(json.dumps({"model": "a", **document}).encode())
    assert isinstance(members, Members)
    found = in_fields(members, SHAPES[members.names])
    assert not isinstance(found, Refused)
    return found


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"messages": [{"role": "user", "content": "x", "model": "in a prompt"}]},
        {"metadata": {"model": "the caller's own"}},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"model": {"type": "string"}}}}}]},
        {"tools": [{"name": "f", "input_schema": {"properties": {"model": {}}}}], "tool_choice": {"type": "auto"}},
        {"fallbacks": None, "models": [], "engine": ""},
        {"moderation": {"model": None}},
        {"modalities": ["model"]},
        {"user": "model"},
    ],
)
def test_nothing_else_names_a_model(document: dict[str, Any]) -> None:
    assert found_in(document) == []


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"models": ["a", "b"]}, [None]),
        ({"fallbacks": [{"model": "b"}]}, [None]),
        ({"fallbacks": "default"}, ["default"]),
        ({"engine": "b"}, ["b"]),
        ({"deployment_id": 7}, [None]),
        ({"tools": [{"type": "image_generation", "model": "b"}]}, ["b"]),
        ({"tools": [{"type": "function"}, {"type": "advisor_20260301", "name": "advisor", "model": "b"}]}, ["b"]),
        ({"tools": [3, {"Model": "b"}]}, ["b"]),
        ({"moderation": {"model": "b"}}, ["b"]),
        ({"svg": {"model": {"id": "b"}}}, [None]),
        ({"unheard_of": {"model": "b"}}, ["b"]),
    ],
)
def test_another_field_names_one(document: dict[str, Any], found: list[str | None]) -> None:
    assert found_in(document) == found


def test_an_escaped_nested_key_is_found() -> None:
    members = read_object(b'{"model":"a","tools":[{"mod\\u0065l":"b"}]}')
    assert isinstance(members, Members)
    assert in_fields(members, SHAPES[members.names]) == ["b"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (b"beta=true", []),
        (b"api-version=1&a", []),
        (b"model=b", ["b"]),
        (b"a=1&model=b&model=c", ["b", "c"]),
        (b"a=1;model=b", ["b"]),
        (b"Model=b%20c", ["b c"]),
        (b"mod%65l=b+c", ["b c"]),
        (b"model", [""]),
        (b"model=%ff", [None]),
        (b"deployment=b", ["b"]),
        (b"model%5B%5D=b", ["b"]),
    ],
)
def test_the_query_names_one(query: bytes, found: list[str | None]) -> None:
    assert in_query(query) == found


def test_a_header_names_one() -> None:
    headers = [(b"accept", b"a"), (b"content-type", b"b"), (b"x-model", b"c"), (b"x_model_id", b"\xff"), (b"content-encoding", b"d")]
    assert notable(headers) == [(b"content-type", b"b"), (b"x-model", b"c"), (b"x_model_id", b"\xff"), (b"content-encoding", b"d")]
    assert in_headers(notable(headers)) == ["c", None]
