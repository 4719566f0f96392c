"""Which objects a body refers to; what is not understood is left for the rules that refuse it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.vocabulary import Reason
from gateway.wire.model import Resolved, resolve
from gateway.wire.referring import MOST_REFERENCES, References, refer
from gateway.wire.refused import Refused
from gateway.wire.routes import find

JSON = [(b"content-type", b"application/json")]
RESPONSES = find(b"POST", "/v1/responses")


def read(body: Any, *names: str) -> References:
    found = refer(json.dumps(body).encode(), frozenset(names))
    assert isinstance(found, References)
    return found


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"previous_response_id": "resp-1"}, ("resp-1",)),
        ({"conversation": "conv-1"}, ("conv-1",)),
        ({"conversation": {"id": "conv-1"}}, ("conv-1",)),
        (
            {"input": [{"content": [{"type": "input_file", "file_id": "file-1"}, {"type": "input_image", "file_id": "file-2"}]}]},
            ("file-1", "file-2"),
        ),
        ({"tools": [{"type": "file_search", "vector_store_ids": ["vs-1", "vs-2", "vs-1"]}]}, ("vs-1", "vs-2")),
        ({"tools": [{"type": "code_interpreter", "container": "cntr-1"}]}, ("cntr-1",)),
        ({"tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file-1"]}}]}, ("file-1",)),
        ({"tool_resources": {"file_search": {"vector_stores": [{"file_ids": ["file-3"]}]}}}, ("file-3",)),
        ({"messages": [{"attachments": [{"file_id": "file-4", "tools": []}]}]}, ("file-4",)),
    ],
)
def test_references_are_found_wherever_they_stand(body: dict[str, Any], ids: tuple[str, ...]) -> None:
    found = read(body)
    assert found.ids == ids
    assert not any(name.encode() in found.rest for name in ids)


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"file_id": "file-1"}},
        {"tools": [{"type": "function", "name": "f", "parameters": {"properties": {"file_id": {"type": "string"}}}}]},
        {"input": [{"type": "function_call", "arguments": '{"file_id": "file-1"}'}]},
    ],
)
def test_what_is_the_callers_own_is_no_reference(body: dict[str, Any]) -> None:
    assert read(body).ids == ()


@pytest.mark.parametrize(
    "body",
    [
        {"fileId": "file-1"},
        {"FILE_ID": "file-1"},
        {"file_id": {"id": "file-1"}},
        {"file_ids": ["file-1", 2]},
        {"file_id": "a/b"},
        {"prompt": {"id": "pmpt-1"}},
        {"conversation": {"id": "conv-1", "x": 1}},
        {"thread": {"id": "thread-1"}},
        {"s3_location": {"uri": "s3://x"}},
        {"input": [{"type": "item_reference", "id": "msg-1"}]},
        {"tools": [{"type": "x", "vectorStoreIds": ["vs-1"]}]},
    ],
)
def test_what_is_not_understood_is_refused_by_the_rules_for_every_body(body: dict[str, Any]) -> None:
    assert RESPONSES is not None
    found = read({"model": "m", "previous_response_id": "resp-1", **body})
    resolved = resolve(RESPONSES, b"", JSON, found.rest)
    assert isinstance(resolved, Refused)
    assert resolved.reason is Reason.ROUTE_NOT_ALLOWED


def test_an_item_that_is_no_more_than_an_id_is_refused() -> None:
    assert isinstance(refer(b'{"items":[{"id":"msg-1"}]}'), Refused)


def test_further_names_hold_ids_at_the_top_only() -> None:
    assert read({"training_file": "file-1", "x": {"training_file": "file-2"}}, "training_file").ids == ("file-1",)


def test_what_takes_up_the_models_words_is_told_apart() -> None:
    found = read({"conversation": "conv-1", "input": [{"content": [{"file_id": "file-1"}]}], "tools": [{"container": "cntr-1"}]})
    assert found.filled == ("conv-1", "cntr-1")


@pytest.mark.parametrize(
    ("body", "background", "kept"), [({}, False, True), ({"background": True, "store": False}, True, False), ({"store": None}, False, True)]
)
def test_what_lasts_and_what_is_kept(body: dict[str, Any], background: bool, kept: bool) -> None:
    found = read(body)
    assert (found.background, found.kept) == (background, kept)
    assert b"true" not in found.rest


def test_a_key_that_is_sent_twice_is_still_there_twice() -> None:
    found = refer(b'{"model":"a","model":"b","x":{"file_id":"f-1","file_id":"f-2"}}')
    assert isinstance(found, References)
    assert found.ids == ("f-1", "f-2")
    assert found.rest == b'{"model":"a","model":"b","x":{"file_id":null,"file_id":null}}'


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"])
def test_what_is_no_object_is_refused(text: bytes) -> None:
    assert isinstance(refer(text), Refused)


def test_too_many_references_are_refused() -> None:
    assert isinstance(refer(json.dumps({"file_ids": [f"file-{n}" for n in range(MOST_REFERENCES + 1)]}).encode()), Refused)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(("file-1", "resp-2", "a b", "")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("file_id", "file_ids", "fileId", "conversation", "id", "type", "content", "input", "tools", "metadata", "container", "x")
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(("input", "tools", "conversation", "previous_response_id", "x", "container")), VALUES, max_size=4))
def test_whatever_passes_the_rules_without_its_references_has_lost_every_id(body: dict[str, Any]) -> None:
    """No id that the strict reading would have refused is left in what it then lets pass."""
    assert RESPONSES is not None
    text = json.dumps({"model": "m", **body}).encode()
    found = refer(text)
    if isinstance(found, Refused):
        return
    passed = isinstance(resolve(RESPONSES, b"", JSON, found.rest), Resolved)
    before = resolve(RESPONSES, b"", JSON, text)
    if passed and isinstance(before, Refused) and before.refers:
        assert found.ids
    if passed and not found.ids and not found.background:
        assert isinstance(before, Resolved)
