"""Requests as raw bytes: nothing is completed, corrected or encoded that a probe did not ask for. Pure."""

import json
from typing import Final

from gateway.probe.target import Target

CHAT: Final = "/v1/chat/completions"
JSON: Final = b"Content-Type: application/json"
HELLO: Final = [{"role": "user", "content": "probe"}]
# The first line with a word of the path says what its API takes; all others take messages.
USUAL: Final[tuple[tuple[tuple[str, ...], dict[str, object]], ...]] = (
    (("/chat", "/messages"), {"messages": HELLO, "max_tokens": 5}),
    (("/completions", "/complete", "/images", "/videos", "/generate", "/tokenize"), {"prompt": "probe", "max_tokens": 5}),
    (("/responses", "/embeddings", "/moderations", "/speech"), {"input": "probe"}),
    (("/rerank", "/score"), {"query": "probe", "documents": ["probe"]}),
)


def fields(target: Target, *, host: bool = True, credential: bool = True) -> list[bytes]:
    """Give the fields of every request: host, the caller's credential, what the operator adds, and that one answer is enough."""
    lines = [b"Host: " + target.authority.encode()] if host else []
    if credential:
        lines.append(credential_line(target.header, target.token))
    lines += [f"{name}: {value}".encode() for name, value in target.extra]
    return [*lines, b"Connection: close"]


def credential_line(header: str, token: str) -> bytes:
    """Write the field that carries a token; only Authorization has a scheme."""
    scheme = "Bearer " if header.lower() == "authorization" else ""
    return f"{header}: {scheme}{token}".encode("utf-8", "surrogateescape")


def request(start: bytes, lines: list[bytes], body: bytes = b"") -> bytes:
    """Put start line, fields and body together."""
    return b"\r\n".join((start, *lines)) + b"\r\n\r\n" + body


def post(
    target: Target,
    body: bytes,
    path: str | bytes = CHAT,
    *lines: bytes,
    content_type: bytes = JSON,
    host: bool = True,
    credential: bool = True,
    length: bool = True,
) -> bytes:
    """Write a POST with its length; an empty `content_type` leaves the field out."""
    more = [content_type] if content_type else []
    if length:
        more.append(b"Content-Length: %d" % len(body))
    return request(b"POST %b HTTP/1.1" % at(target, path), [*fields(target, host=host, credential=credential), *more, *lines], body)


def get(target: Target, path: str | bytes, *lines: bytes, method: bytes = b"GET") -> bytes:
    """Write a request without a body."""
    return request(b"%b %b HTTP/1.1" % (method, at(target, path)), [*fields(target), *lines])


def at(target: Target, path: str | bytes) -> bytes:
    """Put the target's prefix before `path`."""
    return target.prefix.encode() + (path.encode() if isinstance(path, str) else path)


def ask(model: str, **more: object) -> bytes:
    """Write the body of a chat completion."""
    return json.dumps({"model": model, "messages": HELLO, "max_tokens": 5} | more).encode()


def usual(path: str, model: str, **more: object) -> bytes:
    """Write the body that the API at `path` expects."""
    asked = next((fields for words, fields in USUAL if any(word in path for word in words)), {"messages": HELLO, "max_tokens": 5})
    return json.dumps({"model": model} | asked | more).encode()


def chunked(body: bytes) -> bytes:
    """Frame `body` in two chunks (RFC 9112 section 7.1)."""
    half = len(body) // 2
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part) + b"0\r\n\r\n"
