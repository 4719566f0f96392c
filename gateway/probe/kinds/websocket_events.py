"""A WebSocket names its model when it opens, and may name another one in any event after that."""

from collections.abc import Callable
from typing import Any, Final

from gateway.probe.frames import event, frame
from gateway.probe.message import fields, request
from gateway.probe.probe import Attempt, Must, Probe
from gateway.probe.target import Target

HOLE: Final = "only the handshake is judged; a later event names another model"
OPENING: Final = "the handshake names its model twice, or not at all"
SEEN: Final = "LiteLLM #40010, #40078"

UPGRADE: Final = (
    b"Upgrade: websocket",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


def handshake(target: Target, query: str, *lines: bytes, path: str = "/v1/realtime", credential: bool = True) -> bytes:
    """Write an opening handshake (RFC 6455 section 4.1)."""
    own = [line for line in fields(target, credential=credential) if line != b"Connection: close"]
    asked = f"{target.prefix}{path}{'?' if query else ''}{query}".encode()
    return request(b"GET %b HTTP/1.1" % asked, [*own, b"Connection: Upgrade", *UPGRADE, *lines])


EVENTS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("session.update", "session.update", {"session": {"model": "$"}}),
    ("response.create", "response.create", {"response": {"model": "$"}}),
    ("the event's own model", "response.create", {"model": "$"}),
    ("a transcription's model", "session.update", {"session": {"audio": {"input": {"transcription": {"model": "$"}}}}}),
    ("input_audio_transcription", "session.update", {"session": {"input_audio_transcription": {"model": "$"}}}),
    ("a key in another case", "session.update", {"session": {"Model": "$"}}),
    ("a tool's model", "session.update", {"session": {"tools": [{"type": "mcp", "model": "$"}]}}),
    ("an event of no known type", "probe", {"anything": {"model": "$"}}),
)
# `$`: the forbidden name; written as it stands.
TEXTS: Final[tuple[tuple[str, bytes], ...]] = (
    ("key twice in an event", b'{"type":"session.update","session":{"model":"$"},"session":{"voice":"a"}}'),
    ("inner key twice", b'{"type":"session.update","session":{"model":"@","model":"$"}}'),
    ("escaped key in an event", b'{"type":"session.update","session":{"mod\\u0065l":"$"}}'),
    ("two events in one message", b'{"type":"response.create"}{"type":"session.update","session":{"model":"$"}}'),
    ("byte order mark before an event", b'\xef\xbb\xbf{"type":"session.update","session":{"model":"$"}}'),
    ("a key that folds to another one", '{"type":"session.update","session":{"fallbac\u212as":["$"]}}'.encode()),
    ("a key that folds to another one, escaped", b'{"type":"session.update","session":{"fallbac\\u212as":["$"]}}'),
    ("an event in a list", b'[{"type":"session.update","session":{"model":"$"}}]'),
)
QUERIES: Final = (
    ("query twice, the last forbidden", "model=@&model=$"),
    ("query twice, the first forbidden", "model=$&model=@"),
    ("query in another case", "model=@&Model=$"),
    ("query with an encoded name", "model=@&mod%65l=$"),
    ("query behind a semicolon", "model=@;model=$"),
    ("query deployment", "model=@&deployment=$"),
)


def _named(text: str, target: Target) -> str:
    return text.replace("$", target.forbidden).replace("@", target.allowed)


def _open(target: Target) -> bytes:
    return handshake(target, f"model={target.allowed}")


def _event(kind: str, rest: dict[str, Any]) -> Callable[[Target], Attempt]:
    text = event(kind, **rest).decode()
    return lambda target: Attempt(_open(target), (frame(_named(text, target).encode()),))


def _second(target: Target) -> Attempt:
    later = event("session.update", session={"model": target.forbidden})
    return Attempt(_open(target), (frame(event("response.create")), frame(later)))


def _text(text: bytes) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(
        _open(target), (frame(text.replace(b"$", target.forbidden.encode()).replace(b"@", target.allowed.encode())),)
    )


def _query(query: str) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(handshake(target, _named(query, target)), (frame(event("response.create")),))


def _nameless(target: Target) -> Attempt:
    return Attempt(handshake(target, ""), (frame(event("response.create")),))


def _header(target: Target) -> Attempt:
    return Attempt(handshake(target, f"model={target.allowed}", b"X-Model: " + target.forbidden.encode()))


PROBES: Final = (
    *(Probe("websocket events", name, HOLE, SEEN, _event(kind, rest), control="realtime") for name, kind, rest in EVENTS),
    *(Probe("websocket events", name, HOLE, SEEN, _text(text), control="realtime") for name, text in TEXTS),
    Probe("websocket events", "a second event, after an honest one", HOLE, SEEN, _second, control="realtime"),
    *(Probe("websocket events", name, OPENING, "LiteLLM #30710", _query(query), control="realtime") for name, query in QUERIES),
    Probe("websocket events", "no model at all", OPENING, "LiteLLM #30710", _nameless, Must.KEEP_ALL, "realtime"),
    Probe("websocket events", "header X-Model", OPENING, "routers", _header, control="realtime"),
)
