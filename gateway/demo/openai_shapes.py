"""Answers of an OpenAI-shaped API, whole and as server-sent events; pure, from the parsed body of a request."""

import json
from collections.abc import Iterator
from typing import Any, Final

from gateway.demo.prose import words

CREATED: Final = 1767225600
DONE: Final = b"data: [DONE]\n\n"
USAGE: Final = {"prompt_tokens": 9, "completion_tokens": 48, "total_tokens": 57}


def event(payload: dict[str, Any], name: str = "") -> bytes:
    """One server-sent event (WHATWG HTML, section 9.2), with its name where the dialect has one."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(payload, separators=(',', ':'))}\n\n".encode()


def asked_length(body: dict[str, Any]) -> int | None:
    """How many words the caller wants, by whichever name its API has for it."""
    for name in ("max_completion_tokens", "max_output_tokens", "max_tokens"):
        if isinstance(length := body.get(name), int):
            return length
    return None


def chat(body: dict[str, Any]) -> dict[str, Any]:
    """Answer POST /v1/chat/completions: text, or a call of the first tool offered."""
    message: dict[str, Any] = {"role": "assistant", "content": "".join(words(asked_length(body))).strip()}
    finish = "stop"
    if body.get("tools"):
        call = {"id": "call_demo", "type": "function", "function": {"name": body["tools"][0]["function"]["name"], "arguments": "{}"}}
        message, finish = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return _object("chatcmpl-demo", "chat.completion", body) | {"choices": [choice], "usage": USAGE}


def chat_events(body: dict[str, Any]) -> Iterator[bytes]:
    """Answer the same as a stream: role, words, finish, the usage if asked for, and the end mark."""
    head = _object("chatcmpl-demo", "chat.completion.chunk", body)
    yield event(head | {"choices": [_delta({"role": "assistant", "content": ""})]})
    for word in words(asked_length(body)):
        yield event(head | {"choices": [_delta({"content": word})]})
    yield event(head | {"choices": [_delta({}, "stop")]})
    if (body.get("stream_options") or {}).get("include_usage"):
        yield event(head | {"choices": [], "usage": USAGE})
    yield DONE


def completion(body: dict[str, Any]) -> dict[str, Any]:
    """Answer POST /v1/completions."""
    choice = {"index": 0, "text": "".join(words(asked_length(body))), "logprobs": None, "finish_reason": "stop"}
    return _object("cmpl-demo", "text_completion", body) | {"choices": [choice], "usage": USAGE}


def completion_events(body: dict[str, Any]) -> Iterator[bytes]:
    """Answer the same as a stream."""
    head = _object("cmpl-demo", "text_completion", body)
    for word in words(asked_length(body)):
        yield event(head | {"choices": [{"index": 0, "text": word, "logprobs": None, "finish_reason": None}]})
    yield DONE


def response(body: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    """Answer POST /v1/responses."""
    said = "".join(words(asked_length(body))).strip()
    content = {"type": "output_text", "text": said, "annotations": []}
    item = {"type": "message", "id": "msg_demo", "role": "assistant", "status": status, "content": [content]}
    return {
        "id": "resp_demo",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "model": body.get("model"),
        "output": [item] if status == "completed" else [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 9,
            "output_tokens": 48,
            "total_tokens": 57,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }


def response_events(body: dict[str, Any]) -> Iterator[bytes]:
    """Answer the same as a stream: created, the words, completed; every event numbered."""
    yield _numbered("response.created", 0, response=response(body, "in_progress"))
    place: dict[str, Any] = {"item_id": "msg_demo", "output_index": 0, "content_index": 0}
    number = 0
    for number, word in enumerate(words(asked_length(body)), start=1):
        yield _numbered("response.output_text.delta", number, delta=word, logprobs=[], **place)
    yield _numbered("response.completed", number + 1, response=response(body))


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """Answer POST /v1/embeddings: one short vector per input."""
    given = body.get("input")
    count = len(given) if isinstance(given, list) else 1
    data = [{"object": "embedding", "index": index, "embedding": [0.25, -0.5, 0.125, 0.0625]} for index in range(count)]
    return {"object": "list", "data": data, "model": body.get("model"), "usage": {"prompt_tokens": 9, "total_tokens": 9}}


def images(_body: dict[str, Any]) -> dict[str, Any]:
    """Answer POST /v1/images/generations with one transparent pixel."""
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    return {"created": CREATED, "data": [{"b64_json": pixel}]}


def moderations(body: dict[str, Any]) -> dict[str, Any]:
    """Answer POST /v1/moderations: nothing is flagged."""
    return {"id": "modr-demo", "model": body.get("model"), "results": [{"flagged": False, "categories": {}, "category_scores": {}}]}


def _object(name: str, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "object": kind, "created": CREATED, "model": body.get("model")}


def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _numbered(kind: str, number: int, **rest: object) -> bytes:
    return event({"type": kind, "sequence_number": number, **rest}, kind)
