"""No credential, half a credential, two credentials: nothing may be served, and nothing may be guessed."""

from base64 import b64encode
from collections.abc import Callable
from typing import Final

from gateway.probe.kinds.warm import kept, warmed
from gateway.probe.kinds.websocket_events import handshake
from gateway.probe.message import CHAT, ask, credential_line, post
from gateway.probe.probe import Attempt, Must, Probe
from gateway.probe.target import Target

NONE: Final = "a request without a valid credential is served"
TWO: Final = "two credentials, and the check and the use look at different ones"
CACHED: Final = "a cache of verified tokens is keyed by less than the token"
CACHED_BY_CONNECTION: Final = "who asked before on a connection is taken for who asks now"
SEEN_CACHE: Final = "LiteLLM CVE-2026-35030"
SEEN_TWICE: Final = "Envoy CVE-2021-32777"
STRANGE: Final = "probe-no-such-credential"

Lines = Callable[[Target], tuple[bytes, ...]]


def _own(target: Target, token: str) -> bytes:
    return credential_line(target.header, token)


ALONE: Final[tuple[tuple[str, str, Lines], ...]] = (
    ("none", "-", lambda _: ()),
    ("an empty one", "-", lambda target: (_own(target, ""),)),
    ("an unknown one", "-", lambda target: (_own(target, STRANGE),)),
    ("null as a text", "-", lambda target: (_own(target, "null"),)),
    ("another scheme", "-", lambda target: (b"Authorization: Basic " + b64encode(target.token.encode()),)),
    ("one byte short", "-", lambda target: (_own(target, target.token[:-1]),)),
    ("one character more", "-", lambda target: (_own(target, target.token + "A"),)),
    ("a word behind it", "-", lambda target: (_own(target, target.token + " x"),)),
    ("a comma and another", SEEN_TWICE, lambda target: (_own(target, f"{target.token}, {STRANGE}"),)),
    ("in letters of the other case", "-", lambda target: (_own(target, target.token.swapcase()),)),
    ("a health checker's name", "health checks let through", lambda _: (b"User-Agent: kube-probe/1.31",)),
    ("a claim to come from inside", "trusted addresses", lambda _: (b"X-Forwarded-For: 127.0.0.1", b"X-Real-IP: 127.0.0.1")),
    ("an identity in headers", "oauth2-proxy", lambda _: (b"X-Forwarded-User: admin", b"X-Forwarded-Email: admin@localhost")),
    ("a verified client's certificate in a header", "mTLS terminators", lambda _: (b"X-SSL-Client-Verify: SUCCESS",)),
    ("a bodiless preflight's method override", "method overrides", lambda _: (b"X-HTTP-Method-Override: OPTIONS",)),
)
BESIDE: Final[tuple[tuple[str, str, Lines], ...]] = (
    ("the valid one, then another", SEEN_TWICE, lambda target: (_own(target, target.token), _own(target, STRANGE))),
    ("another, then the valid one", SEEN_TWICE, lambda target: (_own(target, STRANGE), _own(target, target.token))),
)


def _alone(lines: Lines) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, ask(target.allowed), CHAT, *lines(target), credential=False))


def _prefix(target: Target) -> Attempt:
    """Have the valid token verified and cached, then send one that begins like it."""
    body = ask(target.allowed)
    kept = target.token[: max(20, len(target.token) - 8)]
    forged = _own(target, kept + "A" * (len(target.token) - len(kept)))
    return Attempt(post(target, body, CHAT, forged, credential=False), first=(post(target, body), post(target, body)))


def _in_query(name: str) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, ask(target.allowed), f"{CHAT}?{name}={target.token}", credential=False))


def _other_header(target: Target) -> Attempt:
    other = "X-Api-Key" if target.header.lower() == "authorization" else "Authorization"
    return Attempt(post(target, ask(target.allowed), CHAT, credential_line(other, STRANGE)))


def _socket(target: Target) -> Attempt:
    return Attempt(handshake(target, f"model={target.allowed}", credential=False))


def _socket_two(target: Target) -> Attempt:
    offered = f"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{STRANGE}".encode()
    return Attempt(handshake(target, f"model={target.allowed}", offered))


def _after_good_ones(lines: Lines) -> Callable[[Target], Attempt]:
    return warmed(lambda target: kept(post(target, ask(target.allowed), CHAT, *lines(target), credential=False)))


PROBES: Final = (
    *(Probe("credentials", name, NONE, seen, _alone(lines), Must.KEEP_ALL) for name, seen, lines in ALONE),
    *(Probe("credentials", name, TWO, seen, _alone(lines), Must.KEEP_ALL) for name, seen, lines in BESIDE),
    Probe("credentials", "another one in the other header", TWO, SEEN_TWICE, _other_header, Must.KEEP_ALL),
    Probe("credentials", "one that begins like a verified one", CACHED, SEEN_CACHE, _prefix, Must.KEEP_ALL),
    *(
        Probe(
            "credentials",
            f"in the query, {name}",
            "a credential in the query is forwarded with it",
            "-",
            _in_query(name),
            Must.KEEP_SECRETS,
        )
        for name in ("key", "api_key", "access_token")
    ),
    Probe("credentials", "none, after good ones", CACHED_BY_CONNECTION, "-", _after_good_ones(lambda _: ()), Must.KEEP_ALL),
    Probe(
        "credentials",
        "an unknown one, after good ones",
        CACHED_BY_CONNECTION,
        "-",
        _after_good_ones(lambda target: (_own(target, STRANGE),)),
        Must.KEEP_ALL,
    ),
    Probe("credentials", "none on a WebSocket", NONE, "-", _socket, Must.KEEP_ALL, "realtime"),
    Probe("credentials", "two on a WebSocket", TWO, "-", _socket_two, Must.KEEP_ALL, "realtime"),
)
