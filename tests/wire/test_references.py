"""One upstream key serves every caller: whatever refers to a stored object is refused, wherever it stands, on every route."""

import json
from typing import Any

import pytest
from support.asked import Asked, plain

from gateway.policy.vocabulary import Reason
from gateway.wire.model import Refused, Resolved
from gateway.wire.references import OWNERS, STORED
from gateway.wire.route import Content, Kind, Route
from gateway.wire.routes import TABLE, find

JSON = [(b"content-type", b"application/json")]
LINES = [(m, s, r) for (m, s), r in TABLE.items() if r.kind is Kind.INFERENCE and r.content is Content.JSON]

REFERENCES: list[tuple[str, dict[str, Any]]] = [
    # Responses
    ("previous_response_id", {"previous_response_id": "resp_1"}),
    ("conversation", {"conversation": "conv_1"}),
    ("conversation", {"conversation": {"id": "conv_1"}}),
    ("prompt", {"prompt": {"id": "pmpt_1", "version": "2"}}),
    ("background_options", {"background_options": {"poll": True}}),
    ("item_reference", {"input": [{"type": "item_reference", "id": "msg_1"}]}),
    ("item_reference", {"messages": [{"content": [{"type": "item_reference", "Id": "msg_1"}]}]}),
    ("item_reference", {"input": [{"id": "msg_1"}]}),
    ("item_reference", {"items": [{"id": "msg_1"}]}),
    ("item_reference", {"input": [{"Id": "msg_1"}]}),
    ("item_reference", {"Input": [{"ID": "msg_1"}]}),
    ("item_reference", {"input": [{"id": "msg_1", "Type": "message"}]}),
    ("item_reference", {"input": [{"role": "user", "content": [{"Type": "item_reference", "ID": "msg_1"}]}]}),
    ("item_reference", {"input": [{"Type": "reasoning", "Id": "rs_1"}]}),
    ("encrypted_content", {"input": [{"role": "user", "content": [{"Type": "reasoning", "Id": "rs_1"}]}]}),
    ("encrypted_content", {"input": [{"type": "reasoning", "id": "rs_1", "Encrypted_Content": "x"}]}),
    ("item_reference", {"input": [{"type": None, "id": "msg_1", "foo": 1}]}),
    ("encrypted_content", {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]}),
    ("result", {"input": [{"type": "image_generation_call", "id": "ig_1"}]}),
    ("file_id", {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]}),
    ("file_id", {"input": [{"role": "user", "content": [{"type": "input_image", "fileId": "file-1"}]}]}),
    ("container_id", {"input": [{"type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_1", "code": "x"}]}),
    ("vector_store_ids", {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}),
    ("vector_store_ids", {"input": [{"type": "tool_search_output", "tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}]}),
    ("file_ids", {"tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file-1"]}}]}),
    ("container", {"tools": [{"type": "code_interpreter", "container": "cntr_1"}]}),
    ("container_id", {"tools": [{"type": "shell", "environment": {"type": "container_reference", "container_id": "cntr_1"}}]}),
    ("file_id", {"tools": [{"type": "image_generation", "input_image_mask": {"file_id": "file-1"}}]}),
    # Chat completions
    ("file_id", {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]}),
    ("audio", {"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}),
    ("voice", {"audio": {"voice": {"id": "voice_1"}, "format": "wav"}}),
    ("voice", {"voice": {"id": "voice_1"}}),
    ("data_sources", {"data_sources": [{"type": "azure_search", "parameters": {"index_name": "x"}}]}),
    ("kv_transfer_params", {"kv_transfer_params": {"remote_host": "10.0.0.1"}}),
    # Messages
    ("container", {"container": "container_1"}),
    ("container", {"container": {"id": "container_1"}}),
    ("skill_id", {"container": {"skills": [{"type": "custom", "skill_id": "skill_1"}]}}),
    ("thread", {"thread": {"id": "thread_1"}}),
    ("file_id", {"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "file", "file_id": "file_1"}}]}]}),
    ("file_id", {"messages": [{"role": "user", "content": [{"type": "container_upload", "file_id": "file_1"}]}]}),
    ("file_id", {"messages": [{"content": [{"type": "tool_result", "content": [{"type": "image", "source": {"file_id": "f"}}]}]}]}),
    # Gemini, Bedrock, Cohere
    ("cached_content", {"cachedContent": "cachedContents/1"}),
    ("file_uri", {"contents": [{"parts": [{"fileData": {"mimeType": "video/mp4", "fileUri": "https://x/files/1"}}]}]}),
    ("file_search_store_names", {"tools": [{"fileSearch": {"fileSearchStoreNames": ["fileSearchStores/1"]}}]}),
    ("s3_location", {"messages": [{"content": [{"video": {"source": {"s3Location": {"uri": "s3://bucket/key"}}}}]}]}),
    ("conversation_id", {"conversation_id": "conv_1"}),
    ("connectors", {"connectors": [{"id": "web-search"}]}),
]


def chat(document: dict[str, Any], path: bytes = b"/v1/responses") -> Asked:
    return Asked(b"POST", path, JSON, json.dumps({"model": "a", **document}).encode())


@pytest.mark.parametrize(("field", "document"), REFERENCES, ids=[json.dumps(document)[:60] for _, document in REFERENCES])
def test_a_reference_is_refused_by_its_name(field: str, document: dict[str, Any]) -> None:
    outcome = chat(document).outcome()
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.ROUTE_NOT_ALLOWED
    refers = {"skill_id": "container"} if "container" in document else {}
    assert f'"{refers.get(field, field)}"' in outcome.detail or field in outcome.detail
    assert "_1" not in outcome.detail, "never its value"


@pytest.mark.parametrize(("method", "shape", "route"), LINES, ids=[route.name for _, _, route in LINES])
def test_on_every_route(method: bytes, shape: str, route: Route) -> None:
    for field, document in REFERENCES:
        outcome = plain(method, shape, route, "a", document).outcome()
        assert isinstance(outcome, Refused), (field, document)
        assert outcome.reason is Reason.ROUTE_NOT_ALLOWED


@pytest.mark.parametrize("name", sorted(STORED.values()))
def test_every_field_at_every_depth_and_in_every_spelling(name: str) -> None:
    camel = "".join(word.capitalize() if place else word for place, word in enumerate(name.split("_")))
    for spelled in (name, camel, name.upper(), name.replace("_", "-")):
        for document in (
            {spelled: "x_1"},
            {spelled: ["x_1"]},
            {"unheard_of": {spelled: {"id": "x_1"}}},
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", spelled: "x_1"}]}]},
            {"tools": [{"type": "x", "inner": [{"deeper": {spelled: "x_1"}}]}]},
        ):
            outcome = chat(document, b"/v1/chat/completions").outcome()
            assert isinstance(outcome, Refused), document
            assert outcome.reason is Reason.ROUTE_NOT_ALLOWED


@pytest.mark.parametrize("name", sorted(OWNERS.values()))
def test_an_object_with_an_id_is_a_reference(name: str) -> None:
    for document in ({name: {"id": "x_1"}}, {"messages": [{"role": "user", name: {"id": "x_1"}}]}, {"a": [{name: {"Id": "x_1"}}]}):
        outcome = chat(document, b"/v1/chat/completions").outcome()
        assert isinstance(outcome, Refused), document
        assert outcome.reason is Reason.ROUTE_NOT_ALLOWED


ESCAPED = [
    b'{"model":"a","input":[{"content":[{"\\u0066ile_id":"file-1"}]}]}',
    b'{"model":"a","input":[{"type":"item\\u005freference","id":"m"}]}',
]


@pytest.mark.parametrize("body", ESCAPED)
def test_escapes_hide_nothing(body: bytes) -> None:
    outcome = Asked(b"POST", b"/v1/responses", JSON, body).outcome()
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.ROUTE_NOT_ALLOWED


UNUSED: list[dict[str, Any]] = [
    {"previous_response_id": None, "conversation": None, "background": False, "prompt": None},
    {"input": "file_id: file-1, item_reference", "instructions": "previous_response_id"},
    {"input": [{"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "file_id"}]}]},
    {"input": [{"type": "function_call", "id": "fc_1", "call_id": "c", "name": "read", "arguments": '{"file_id":"my own"}'}]},
    {"input": [{"type": "reasoning", "id": "rs_1", "encrypted_content": "abc", "summary": []}]},
    {"input": [{"type": "image_generation_call", "id": "ig_1", "result": "aGk="}]},
    {"tools": [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {"file_id": {"type": "string"}}}}]},
    {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"model": {}, "thread": {"id": "x"}}}}}]},
    {"tools": [{"name": "f", "input_schema": {"properties": {"container": {"type": "string"}}}}]},
    {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"properties": {"file_id": {}}}}}}]},
    {"tools": [{"functionDeclarations": [{"name": "f", "parameters": {"properties": {"model": {}}}}]}]},
    {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"file_id": "my own"}}]}]},
    {
        "messages": [
            {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}
        ]
    },
    {
        "contents": [
            {
                "parts": [
                    {"functionCall": {"name": "f", "args": {"file_id": "x"}}},
                    {"functionResponse": {"name": "f", "response": {"model": "b"}}},
                ]
            }
        ]
    },
    {"messages": [{"content": [{"toolUse": {"toolUseId": "t", "name": "f", "input": {"file_id": "x"}}}]}]},
    {"metadata": {"file_id": "my own", "model": "b"}},
    {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
    {"text": {"format": {"type": "json_schema", "name": "x", "schema": {"properties": {"file_id": {}, "model": {}}}}}},
    {"voice": "alloy", "audio": {"voice": "alloy", "format": "wav"}},
    {"store": True},
]


@pytest.mark.parametrize("document", UNUSED, ids=[json.dumps(document)[:60] for document in UNUSED])
def test_what_is_the_callers_own_is_no_reference(document: dict[str, Any]) -> None:
    assert chat(document).outcome() == Resolved("a", stream=False)


def test_a_key_twice_within_is_refused_where_it_is_looked_at() -> None:
    body = b'{"model":"a","input":[{"role":"user","x":1,"x":2}]}'
    outcome = Asked(b"POST", b"/v1/responses", JSON, body).outcome()
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.MALFORMED_REQUEST


def test_background_work_outlives_its_answer() -> None:
    for path in ("/v1/responses", "/openai/responses", "/openai/v1/responses"):
        route = find(b"POST", path)
        assert route is not None
        assert "background" in route.stateful
        outcome = chat({"background": True}, path.encode()).outcome()
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.ROUTE_NOT_ALLOWED
