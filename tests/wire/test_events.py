"""Every model that an event names is found, wherever it stands; what could be read in two ways is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.vocabulary import Reason
from gateway.wire.events import models_of
from gateway.wire.shape import Refused


def read(event: Any) -> tuple[str, ...] | Refused:
    return models_of(event if isinstance(event, bytes) else json.dumps(event).encode())


@pytest.mark.parametrize(
    "event",
    [
        {"type": "session.update", "model": "m"},
        {"type": "session.update", "session": {"type": "realtime", "model": "m"}},
        {"type": "response.create", "response": {"model": "m", "conversation": "none"}},
        {"type": "session.update", "session": {"input_audio_transcription": {"model": "m"}}},
        {"type": "session.update", "session": {"audio": {"input": {"transcription": {"model": "m", "language": "de"}}}}},
        {"type": "session.update", "session": {"tools": [{"type": "x", "model": "m"}]}},
        {"type": "session.update", "session": [{"x": [[{"model": "m"}]]}]},
        {"type": "of.tomorrow", "new": {"model": "m"}},
        {"type": "x", "session": {"engine": "m", "model": "m"}},
        {"type": "x", "session": {"engine": "m"}},
        {"type": "x", "session": [{"fallbacks": None, "deployment": "m"}]},
    ],
)
def test_a_model_is_found_wherever_it_is_named(event: Any) -> None:
    assert read(event) == ("m",)


def test_several_models_are_all_found() -> None:
    event = {"session": {"model": "a", "audio": {"input": {"transcription": {"model": "b"}}}}, "response": {"model": "a"}}
    assert read(event) == ("a", "b")


@pytest.mark.parametrize(
    "event",
    [
        {"type": "input_audio_buffer.append", "audio": "bW9kZWw="},
        {"type": "conversation.item.create", "item": {"type": "message", "content": [{"type": "input_text", "text": 'the "model": "x"'}]}},
        {"type": "response.create", "response": {"instructions": '{"model":"x"}', "metadata": {"model": "x"}}},
        {"type": "session.update", "session": {"tools": [{"name": "f", "parameters": {"properties": {"model": {"type": "string"}}}}]}},
        {"type": "session.update", "session": {"model": None}},
        {},
    ],
)
def test_what_is_the_callers_own_text_names_nothing(event: Any) -> None:
    assert read(event) == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", Reason.MALFORMED_REQUEST),
        (b"hello", Reason.MALFORMED_REQUEST),
        (b"[]", Reason.MALFORMED_REQUEST),
        (b'"model"', Reason.MALFORMED_REQUEST),
        (b"{} {}", Reason.MALFORMED_REQUEST),
        (b'\xef\xbb\xbf{"model":"m"}', Reason.MALFORMED_REQUEST),
        (b'{"x":NaN}', Reason.MALFORMED_REQUEST),
        (b'{"type":"a","type":"b"}', Reason.MALFORMED_REQUEST),
        (b'{"session":{"model":"a"},"session":{"model":"b"}}', Reason.MALFORMED_REQUEST),
        (b'{"model":"a","model":"b"}', Reason.MODEL_AMBIGUOUS),
        (b'{"session":{"model":"a","model":"b"}}', Reason.MODEL_AMBIGUOUS),
        (b'{"session":{"a":1,"model":"a","a":2}}', Reason.MALFORMED_REQUEST),
        (b'{"Model":"a"}', Reason.MODEL_AMBIGUOUS),
        (b'{"session":{"MODEL":"a"}}', Reason.MODEL_AMBIGUOUS),
        (b'{"session":{"mo\\u0064el":"a"}}', Reason.MODEL_AMBIGUOUS),
        (b'{"session":{"model ":"a"}}', Reason.MODEL_AMBIGUOUS),
        ('{"session":{"fallbac\u212as":["a"]}}'.encode(), Reason.MODEL_AMBIGUOUS),
        (b'{"session":{"fallbac\\u212As":["a"]}}', Reason.MODEL_AMBIGUOUS),
        ('{"session":[{"a\u017f\u017fistant_id":"a"}]}'.encode(), Reason.ROUTE_NOT_ALLOWED),
        (b'{"session":[{"\\u017Fkill_id":"a"}]}', Reason.ROUTE_NOT_ALLOWED),
        (b'{"model":1}', Reason.MODEL_UNRESOLVED),
        (b'{"session":{"model":{"id":"a"}}}', Reason.MODEL_UNRESOLVED),
        (b'{"session":{"model":" a"}}', Reason.MODEL_UNRESOLVED),
        (b'{"session":{"models":["a"]}}', Reason.MODEL_UNRESOLVED),
        (b'{"session":{"model":"\\ud800"}}', Reason.MALFORMED_REQUEST),
        (b'{"a":' * 9 + b'{"model":"a"}' + b"}" * 9, Reason.MALFORMED_REQUEST),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", Reason.MALFORMED_REQUEST),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(text: bytes, reason: Reason) -> None:
    refused = models_of(text)
    assert isinstance(refused, Refused)
    assert refused.reason is reason


@given(st.binary(max_size=200))
def test_of_any_bytes_there_is_an_answer(text: bytes) -> None:
    assert isinstance(models_of(text), (tuple, Refused))


keys = st.sampled_from(["model", "session", "audio", "input", "x", "Model"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("model"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


def named(value: Any) -> set[str]:
    """The strings under a key `model`, anywhere."""
    if isinstance(value, list):
        return set().union(*map(named, value))
    if not isinstance(value, dict):
        return set()
    here = {value["model"]} if isinstance(value.get("model"), str) and value["model"] else set()
    return here.union(*map(named, value.values()))


@given(st.dictionaries(st.sampled_from(["model", "session", "audio", "x"]), json_values, max_size=4))
def test_no_name_is_overlooked(event: dict[str, Any]) -> None:
    read_names = models_of(json.dumps(event).encode())
    if not isinstance(read_names, Refused):
        assert set(read_names) == named(event)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "session.update", "session": {"prompt": {"id": "pmpt_of_another"}}},
        {"type": "session.update", "session": {"audio": {"output": {"voice": {"id": "voice_of_another"}}}}},
        {"type": "session.update", "session": {"tools": [{"type": "file_search", "vector_store_ids": ["vs_of_another"]}]}},
        {"type": "session.update", "session": {"tools": [{"type": "code_interpreter", "container": "cntr_of_another"}]}},
        {"type": "response.create", "response": {"prompt": {"id": "pmpt_of_another"}}},
        {"type": "response.create", "response": {"previous_response_id": "resp_of_another"}},
        {"type": "response.create", "response": {"conversation": "conv_of_another"}},
        {"type": "response.create", "previous_response_id": "resp_of_another"},
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "content": [{"type": "input_image", "file_id": "file_of_another"}]},
        },
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "content": [{"type": "input_image", "fileId": "file_of_another"}]},
        },
    ],
)
def test_a_stored_object_is_referred_to_by_no_event(event: Any) -> None:
    found = read(event)
    assert isinstance(found, Refused)
    assert found.reason is Reason.ROUTE_NOT_ALLOWED
    assert "of_another" not in found.detail


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.cancel", "response_id": "resp_1"},
        {"type": "conversation.item.truncate", "item_id": "item_1", "content_index": 0, "audio_end_ms": 1500},
        {"type": "response.create", "response": {"conversation": "none", "input": [{"type": "item_reference", "id": "item_1"}]}},
        {"type": "response.create", "response": {"conversation": "auto", "audio": {"output": {"voice": "marin"}}}},
        {"type": "session.update", "session": {"id": "sess_1", "audio": {"input": {"turn_detection": {"type": "server_vad"}}}}},
        {"type": "conversation.item.create", "previous_item_id": "item_1", "item": {"id": "item_2", "type": "function_call_output"}},
        {"type": "session.update", "session": {"prompt": None, "voice": "alloy", "tools": []}},
    ],
)
def test_what_belongs_to_the_connection_is_no_stored_object(event: Any) -> None:
    assert read(event) == ()
