"""Ways to the same handler that a list of protected paths does not have: other methods, other prefixes, exempt paths."""

from collections.abc import Callable
from typing import Final

from gateway.probe.message import CHAT, JSON, ask, at, fields, post, request
from gateway.probe.probe import Attempt, Probe
from gateway.probe.target import Target

HOLE: Final = "a way to the model on which the check does not stand"
SEEN: Final = "LiteLLM #26399, #41295"

METHODS: Final = (b"GET", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS", b"post", b"PROPFIND", b"POST\t")
PATHS: Final = (
    *("/v1/chat/completions/", "/V1/chat/completions", "/v1/Chat/Completions", "/v1/chat/completions.json", "/v1/chat/completions%20"),
    *("/v1/v1/chat/completions", "/api/v1/chat/completions", "/openai/chat/completions", "/openai/v1/chat/completions/", "/v1"),
    *(
        "/v2/chat/completions",
        "/v1/anything",
        "/v1/proxy/chat/completions",
        "/proxy/v1/chat/completions",
        "/passthrough/v1/chat/completions",
    ),
    *("/health/v1/chat/completions", "/health", "/metrics", "/", "/v1/chat/completions?health=1", "/v1/chat/completions/health"),
)
# Fields by which some servers let a request be another one.
OVERRIDES: Final = (
    (b"X-HTTP-Method-Override: GET", CHAT),
    (b"X-Method-Override: OPTIONS", CHAT),
    (b"X-Original-URL: /v1/chat/completions", "/health"),
    (b"X-Rewrite-URL: /v1/chat/completions", "/health"),
    (b"X-Original-URL: /openai/deployments/$/chat/completions", CHAT),
    (b"X-Forwarded-Path: /v1/engines/$/completions", CHAT),
    (b"X-Forwarded-Prefix: /health", CHAT),
    (b"User-Agent: GoogleHC/1.0", CHAT),
    (b"User-Agent: ELB-HealthChecker/2.0", CHAT),
)


def _method(method: bytes) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        body = ask(target.forbidden)
        lines = [*fields(target), JSON, b"Content-Length: %d" % len(body)]
        return Attempt(request(b"%b %b HTTP/1.1" % (method, at(target, CHAT)), lines, body))

    return make


def _path(path: str) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, ask(target.forbidden), path))


def _override(line: bytes, path: str) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        named = line.replace(b"$", target.forbidden.encode())
        body = ask(target.allowed if b"$" in line else target.forbidden)
        return Attempt(post(target, body, path, named))

    return make


def _old(version: bytes) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        body = ask(target.forbidden)
        lines = [*fields(target), JSON, b"Content-Length: %d" % len(body)]
        return Attempt(request(b"POST %b %b" % (at(target, CHAT), version), lines, body))

    return make


PROBES: Final = (
    *(
        Probe("routes", f"method {method.decode().strip()}{' and a tab' if b'	' in method else ''}", HOLE, SEEN, _method(method))
        for method in METHODS
    ),
    *(Probe("routes", f"path {path}", HOLE, SEEN, _path(path)) for path in PATHS),
    *(Probe("routes", line.decode(), HOLE, "method and path overrides", _override(line, path)) for line, path in OVERRIDES),
    *(
        Probe("routes", version.decode(), HOLE, "old versions", _old(version))
        for version in (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.1 ")
    ),
)
