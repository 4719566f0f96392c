"""Answers of an Anthropic-shaped API, whole and as server-sent events; pure, from the parsed body of a request."""

from collections.abc import Iterator
from typing import Any

from gateway.demo.openai_shapes import asked_length, event
from gateway.demo.prose import words


def message(body: dict[str, Any]) -> dict[str, Any]:
    """Answer POST /v1/messages: text, or a use of the first tool offered."""
    content: dict[str, Any] = {"type": "text", "text": "".join(words(asked_length(body))).strip()}
    stop = "end_turn"
    if body.get("tools"):
        content, stop = {"type": "tool_use", "id": "toolu_demo", "name": body["tools"][0]["name"], "input": {}}, "tool_use"
    return _message(body, [content], stop)


def message_events(body: dict[str, Any]) -> Iterator[bytes]:
    """Answer the same as a stream, in the order of the Messages API."""
    yield _named("message_start", message=_message(body, [], None))
    yield _named("content_block_start", index=0, content_block={"type": "text", "text": ""})
    yield _named("ping")
    for word in words(asked_length(body)):
        yield _named("content_block_delta", index=0, delta={"type": "text_delta", "text": word})
    yield _named("content_block_stop", index=0)
    yield _named("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 48})
    yield _named("message_stop")


def token_count(_body: dict[str, Any]) -> dict[str, Any]:
    """Answer POST /v1/messages/count_tokens."""
    return {"input_tokens": 9}


def _message(body: dict[str, Any], content: list[dict[str, Any]], stop: str | None) -> dict[str, Any]:
    return {
        "id": "msg_demo",
        "type": "message",
        "role": "assistant",
        "model": body.get("model"),
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 48 if content else 1},
    }


def _named(kind: str, **rest: object) -> bytes:
    return event({"type": kind, **rest}, kind)
