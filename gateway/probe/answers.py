"""What the recording upstream answers: enough of each API that a gateway which parses answers is content. Pure."""

import json
from collections.abc import Sequence
from typing import Any, Final

CREATED: Final = 1767225600
USAGE: Final = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
MANY: Final = 1000
"""From so many tokens on, a stream runs until it is left."""


def body_of(raw: bytes) -> dict[str, Any]:
    """Read a body as most servers do; an empty object where it is none."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def catalogue(models: Sequence[str]) -> dict[str, Any]:
    """List `models`: the answer to whatever is got."""
    return {"object": "list", "data": [{"id": model, "object": "model", "created": CREATED, "owned_by": "probe"} for model in models]}


def whole(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Answer whatever is posted."""
    model = body.get("model") if isinstance(body.get("model"), str) else ""
    head = {"id": "probe", "created": CREATED, "model": model}
    if path.endswith("/chat/completions"):
        message = {"role": "assistant", "content": "ok"}
        return head | {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE}
    if path.endswith("/completions"):
        return head | {"object": "text_completion", "choices": [{"index": 0, "text": "ok", "finish_reason": "stop"}], "usage": USAGE}
    if path.endswith("/messages"):
        content = [{"type": "text", "text": "ok"}]
        shape = {"type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn", "stop_sequence": None}
        return head | shape | {"usage": {"input_tokens": 1, "output_tokens": 1}}
    return head | _other(path)


def _other(path: str) -> dict[str, Any]:
    if path.endswith("/responses"):
        said: list[Any] = [{"type": "output_text", "text": "ok", "annotations": []}]
        item = {"type": "message", "id": "msg_probe", "role": "assistant", "status": "completed", "content": said}
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        return {"object": "response", "created_at": CREATED, "status": "completed", "output": [item], "tools": [], "usage": usage}
    if path.endswith("/embeddings"):
        return {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.25]}], "usage": USAGE}
    if "models" in path and ":" in path:
        content = {"role": "model", "parts": [{"text": "ok"}]}
        return {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": {"totalTokenCount": 2}}
    return {"object": "probe", "text": "ok", "data": [], "results": []}


def event(path: str, body: dict[str, Any], number: int) -> bytes:
    """Give one event of a running stream, in the dialect of the path."""
    if path.endswith("/messages"):
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f"{number} "}}
        return f"event: content_block_delta\ndata: {json.dumps(delta)}\n\n".encode()
    choice = {"index": 0, "delta": {"role": "assistant", "content": f"{number} "}, "finish_reason": None}
    chunk = {"id": "probe", "object": "chat.completion.chunk", "created": CREATED, "model": body.get("model"), "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def runs_on(body: dict[str, Any]) -> bool:
    """Whether the caller has asked for more than a few events."""
    asked = body.get("max_tokens")
    return isinstance(asked, int) and asked >= MANY
