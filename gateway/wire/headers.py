"""Which header sections are accepted, and which fields pass on. Names are lower-case already.

Fields are known by their flat name, in which everything but letters and digits is `-`: what some server behind us would
read as one name (`X_Gateway_Org`, `X.Gateway.Org`) is one name here.
"""

from collections.abc import Sequence
from typing import Final

from gateway.wire.fields import CREDENTIALS, flat, judge_of
from gateway.wire.memo import Memo

Headers = Sequence[tuple[bytes, bytes]]

# RFC 9110 section 7.6.1, and what names a hop without being named there.
_HOP: Final = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer upgrade http2-settings "
    b"sec-websocket-key sec-websocket-version sec-websocket-accept sec-websocket-protocol sec-websocket-extensions".split()
)
# What `Connection` may name in vain: its own words, and by what a body was judged here.
_NOT_OF_THE_HOP: Final = frozenset((b"close", b"keep-alive", b"", b"content-type", b"content-encoding"))
_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding"))
_REQUEST_ONLY: Final = CREDENTIALS | {b"host", b"expect"}
# It would lead callers past the gate.
_RESPONSE_ONLY: Final = frozenset((b"alt-svc",))
_OWN_FAMILY: Final = b"x-gateway-"
# By which servers let a request be another one: of another path, host or method, from somewhere else, on another account.
_OVERRIDING: Final = (_OWN_FAMILY, b"x-original-", b"x-rewrite-", b"x-forwarded-", b"x-http-method-", b"x-method-override-")
# By which routers of models let a caller choose another model, host, account or key (Portkey, Helicone, LiteLLM, Envoy, Cloudflare).
_ROUTING: Final = (b"x-portkey-", b"helicone-", b"x-litellm-", b"x-ai-eg-", b"cf-aig-")
_SELECTING: Final = frozenset(
    b"forwarded x-host x-real-ip x-client-ip true-client-ip openai-organization openai-project x-goog-user-project".split()
)
# By which TLS-terminating proxies tell of a client's certificate (RFC 9440, and what came before it): here nobody does.
_CERTIFYING: Final = (b"client-cert-", b"x-client-cert-", b"ssl-client-", b"x-ssl-", b"x-amzn-mtls-")


_JUDGES: Final = Memo(judge_of, size=len)


def check(headers: Headers) -> str | None:
    """Say what is wrong with a request's header section, or None. A problem is answered 400, and the connection closed.

    The text quotes nothing but names of our own list (RFC 9110 section 5, RFC 9112 sections 3.2 and 6). Control characters,
    folded lines and space before the colon never get here: the parser of messages refuses them, and a test holds it to that.
    """
    seen: list[bytes] = []
    for name, value in headers:
        judge = _JUDGES[name]
        if judge is None:
            continue
        if name in seen:
            return f"{name.decode()}: sent twice; send it once"
        seen.append(name)
        problem = judge(value)
        if problem is not None:
            return problem
    return _section_problem(seen)


def _section_problem(seen: list[bytes]) -> str | None:
    if b"host" not in seen:
        return "host: missing; send exactly one Host header"
    if b"transfer-encoding" in seen and b"content-length" in seen:
        return "content-length and transfer-encoding together; send one of them"
    return None


def forwardable_request(headers: Headers, strip: frozenset[bytes] = frozenset()) -> list[tuple[bytes, bytes]]:
    """Pick the fields that go upstream: no hop-by-hop, no credential, no framing, no host, none of our own family, nothing in `strip`.

    Nor what names another path, host, method, client or account for the request. Cookies pass. `strip` holds lower-case names.
    """
    return _without_named(headers, [field for field in headers if _REQUEST[field[0]] and field[0] not in strip])


def forwardable_response(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Pick the fields of an upstream's response that go to the caller: no hop-by-hop, no framing, none of our own family, no alt-svc."""
    return _without_named(headers, [field for field in headers if _RESPONSE[field[0]]])


def _passes_request(name: bytes) -> bool:
    spelled = flat(name)
    return _passes(spelled, _REQUEST_ONLY | _SELECTING) and not (spelled + b"-").startswith((*_OVERRIDING, *_ROUTING, *_CERTIFYING))


def _passes_response(name: bytes) -> bool:
    return _passes(flat(name), _RESPONSE_ONLY)


def _passes(spelled: bytes, also: frozenset[bytes]) -> bool:
    return not (spelled in _HOP or spelled in _FRAMING or spelled in also or (spelled + b"-").startswith(_OWN_FAMILY))


_REQUEST: Final = Memo(_passes_request, size=len)
_RESPONSE: Final = Memo(_passes_response, size=len)


def _without_named(headers: Headers, kept: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Remove what `Connection` names from `kept` (RFC 9110 section 7.6.1)."""
    for name, value in headers:
        if name == b"connection":
            named = _NAMED[value]
            if named:
                kept = [field for field in kept if field[0] not in named]
    return kept


def _named(value: bytes) -> frozenset[bytes]:
    return frozenset(option.strip(b" \t") for option in value.lower().split(b",")) - _NOT_OF_THE_HOP


_NAMED: Final = Memo(_named, size=len)
