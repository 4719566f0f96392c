"""What a realtime API says over a WebSocket; pure: from one event of the caller to the events of the answer, each a JSON text."""

import json
from collections.abc import Iterator
from typing import Any

from gateway.demo.prose import words


def greeting(model: str) -> str:
    """First event of every connection."""
    return _event("session.created", session={"id": "sess_demo", "type": "realtime", "model": model})


def answers(text: str) -> Iterator[str]:
    """Answer one event: a response word by word, a changed session, or an echo of whatever else it is."""
    event = _read(text)
    match event.get("type"):
        case "response.create":
            length = (event.get("response") or {}).get("max_output_tokens")
            yield from _response(length if isinstance(length, int) else None)
        case "session.update":
            yield _event("session.updated", session={"id": "sess_demo", **(event.get("session") or {})})
        case str(kind):
            yield _event("demo.echo", of=kind, size=len(text))
        case _:
            yield _event("error", error={"type": "invalid_request_error", "message": "the event has no type"})


def _response(length: int | None) -> Iterator[str]:
    yield _event("response.created", response={"id": "resp_demo", "status": "in_progress"})
    for word in words(length):
        yield _event("response.output_text.delta", delta=word, response_id="resp_demo", item_id="item_demo")
    yield _event("response.done", response={"id": "resp_demo", "status": "completed"})


def _read(text: str) -> dict[str, Any]:
    try:
        event = json.loads(text)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _event(kind: str, **rest: object) -> str:
    return json.dumps({"type": kind, "event_id": "event_demo", **rest}, separators=(",", ":"))
