"""What is plain is known key by key: the quick look and the thorough one never disagree."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire.body import Members, read_object
from gateway.wire.depth import explore
from gateway.wire.plain import is_plain

KEYS = st.sampled_from(
    [
        *("role", "content", "type", "text", "name", "parts", "tool_calls", "function", "arguments", "source", "image_url", "url"),
        *("id", "model", "file_id", "container", "audio", "tools", "parameters", "input_schema", "cache_control", "ttl", "data"),
    ]
)
VALUES = st.recursive(
    st.sampled_from(["user", "item_reference", "function", "tool_use", "b", "", None, True, 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


def judged(name: str, value: Any) -> bool | None:
    """Whether the value is plain, once it is sure that a plain one has nothing to find; None for what is neither list nor object."""
    members = read_object(json.dumps({name: value}).encode())
    assert isinstance(members, Members)
    if not isinstance(value, list | dict):
        return None
    plain = is_plain(name, members.values[0])
    if plain:
        assert explore(members.values[0], prose=False, items=name == "input") == []
    return plain


@given(st.sampled_from(["messages", "input", "tools", "system", "tool_choice", "contents", "x"]), VALUES)
@settings(max_examples=300)
def test_what_is_plain_neither_names_a_model_nor_refers(name: str, value: Any) -> None:
    judged(name, value)


PLAIN: list[tuple[str, Any]] = [
    ("messages", [{"role": "system", "content": "x"}, {"role": "user", "content": [{"type": "text", "text": "hi"}]}]),
    ("messages", [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,", "detail": "low"}}]}]),
    ("messages", [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}]),
    ("messages", [{"role": "tool", "tool_call_id": "c", "content": "x"}, {"role": "assistant", "content": None, "tool_calls": []}]),
    ("messages", [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x"}]}]}]),
    ("messages", [{"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "a/b", "data": "x"}}]}]),
    ("input", [{"role": "user", "content": "hi"}]),
    ("input", ["a", "b"]),
    ("input", [[1, 2], [3]]),
    ("prompt", [1, 2, 3]),
    ("contents", [{"role": "user", "parts": [{"text": "hi"}]}]),
    ("systemInstruction", {"parts": [{"text": "hi"}]}),
    ("tools", [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"properties": {"model": {}}}}}]),
    ("tools", [{"name": "f", "description": "d", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}]),
    ("stream_options", {"include_usage": True}),
    ("reasoning", {"effort": "high", "summary": None}),
    ("thinking", {"type": "enabled", "budget_tokens": 1024}),
]


@pytest.mark.parametrize(("name", "value"), PLAIN, ids=[json.dumps(value)[:50] for _, value in PLAIN])
def test_what_clients_send_most_is_plain(name: str, value: Any) -> None:
    assert judged(name, value) is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("messages", [{"role": "user", "file_id": "x"}]),
        ("messages", [{"id": "x"}]),
        ("tools", [{"type": "image_generation"}]),
        ("tools", [{"type": "x", "parameters": {"model": "b"}}]),
        ("reasoning", {"effort": "high", "model": "b"}),
        ("x", [[[1]]]),
    ],
)
def test_anything_else_is_not(name: str, value: Any) -> None:
    assert judged(name, value) is False
