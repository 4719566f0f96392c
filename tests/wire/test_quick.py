"""The usual question in one go: what it reads is what a thorough reading finds, and whatever is unusual it leaves alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asked import read_both_ways

from gateway.wire.quick import is_usual, read_usual
from gateway.wire.resolved import Resolved
from gateway.wire.routes import Route, find

JSON = [(b"content-type", b"application/json")]
TALK = [{"role": "user", "content": "hi"}]


def route_of(path: str) -> Route:
    route = find(b"POST", path)
    assert route is not None
    return route


CHAT = route_of("/v1/chat/completions")
KEYS = ("model", "Model", "models", "model_id", "messages", "stream", "metadata", "tools", "input", "file_id", "previous_response_id", "x")
values = st.recursive(
    st.sampled_from(["frontier-1", "", None, True, 1, "\u00e9", "\\u0065"]) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYS, "type", "role", "content"]), inner, max_size=3),
    max_leaves=6,
)


def written(pairs: list[tuple[str, Any]], separators: tuple[str, str]) -> bytes:
    """Write an object with its members in this order, also a member that is there twice."""
    comma, colon = separators
    return ("{" + comma.join(json.dumps(name) + colon + json.dumps(value) for name, value in pairs) + "}").encode()


def test_a_conversation_as_sdks_write_it_is_read_at_once() -> None:
    body = written([("messages", TALK), ("model", "gpt-5.6"), ("stream", True), ("temperature", 0.5)], (",", ":"))
    assert read_usual(CHAT, body) == Resolved("gpt-5.6", stream=True)


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a", "n":1}',
        b'{"model":"a","model":"b"}',
        b'{"model":"a","n":1,"n":1}',
        b'{"model":"a","Model":"b"}',
        b'{"mod\\u0065l":"a"}',
        b'{"model":"a","messages":[{"role":"user","model":"b"}]}',
        b'{"model":"a","fallbacks":["b"]}',
        b'{"model":"a","file_id":"f"}',
        '{"model":"a","n":"\u00e9"}'.encode(),
        b'{"model":null}',
        b'{"model":""}',
        b"{}",
        b"",
        b"[" * 100_000,
        b'{"model":"a","prompt":"' + b"x" * 30_000 + b'"}',
    ],
)
def test_what_is_unusual_is_left_alone(body: bytes) -> None:
    assert read_usual(CHAT, body) is None


@pytest.mark.parametrize(
    ("path", "query", "headers"),
    [
        ("/v1/chat/completions", b"model=a", JSON),
        ("/v1/chat/completions", b"", []),
        ("/v1/chat/completions", b"", [(b"content-type", b"text/plain")]),
        ("/v1/chat/completions", b"", [*JSON, (b"content-encoding", b"gzip")]),
        ("/v1/chat/completions", b"", [*JSON, (b"x-model", b"a")]),
        ("/v1/audio/transcriptions", b"", [(b"content-type", b"application/json")]),
        ("/openai/deployments/a/chat/completions", b"", JSON),
    ],
)
def test_a_head_that_says_more_is_not_usual(path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    assert not is_usual(route_of(path), query, headers)
    assert is_usual(CHAT, b"", JSON)


@given(st.lists(st.tuples(st.sampled_from(KEYS), values), max_size=5), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_both_readings_agree(pairs: list[tuple[str, Any]], separators: tuple[str, str]) -> None:
    read_both_ways(CHAT, b"", JSON, written(pairs, separators))
