"""Tokens that the issuer's own key has signed, and that are still not to be accepted. Played with `--issuer-key`.

The claims are those of the allowed token, but for what is changed.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from gateway.probe.kinds.tokens import opened, presenting
from gateway.probe.probe import Attempt, Must, Need, Probe
from gateway.probe.target import Target

HOLE: Final = "a token is accepted for something that it was not made for, or that two readers read differently"
SEEN: Final = "PyJWT 2.15.1 accepts, RFC 8725"
OLD: Final = 1_000_000_000
FAR: Final = 4_102_444_800
NOTHING: Final[dict[str, Any]] = {}

# Name, changes of the header, changes of the claims; None leaves one out.
CHANGES: Final[tuple[tuple[str, dict[str, Any], dict[str, Any]], ...]] = (
    ("no expiry", NOTHING, {"exp": None}),
    ("an expiry that is a text", NOTHING, {"exp": str(FAR)}),
    ("an expiry with a fraction", NOTHING, {"exp": FAR + 0.5}),
    ("expired", NOTHING, {"exp": OLD}),
    ("not yet valid", NOTHING, {"nbf": FAR}),
    ("issued in the future", NOTHING, {"iat": FAR}),
    ("no audience", NOTHING, {"aud": None}),
    ("another audience", NOTHING, {"aud": "probe-another"}),
    ("no issuer", NOTHING, {"iss": None}),
    ("another issuer", NOTHING, {"iss": "https://probe-another.example"}),
    ("an issuer that is a list", NOTHING, {"iss": ["https://probe-another.example"]}),
    ("bound to a certificate", NOTHING, {"cnf": {"x5t#S256": "abc"}}),
    ("bound to a DPoP key", NOTHING, {"cnf": {"jkt": "abc"}}),
    ("a logout token", NOTHING, {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
    ("a security event by its type", {"typ": "secevent+jwt"}, NOTHING),
    ("a DPoP proof by its type", {"typ": "dpop+jwt"}, NOTHING),
    ("another type", {"typ": "probe"}, NOTHING),
    ("a nested token", {"cty": "JWT"}, NOTHING),
    ("a compressed payload", {"zip": "DEF"}, NOTHING),
    ("brings a key set's address", {"jku": "https://localhost/keys"}, NOTHING),
    ("brings a certificate's address", {"x5u": "https://localhost/chain"}, NOTHING),
    ("brings a key", {"jwk": {"kty": "oct", "k": "AA"}}, NOTHING),
    ("brings a certificate", {"x5c": ["MII="]}, NOTHING),
    ("a critical extension", {"crit": ["probe"], "probe": 1}, NOTHING),
    ("an unencoded payload", {"b64": False, "crit": ["b64"]}, NOTHING),
    ("a key id of 129 characters", {"kid": "k" * 129}, NOTHING),
    ("a key id that is a path", {"kid": "../../../../dev/null"}, NOTHING),
    ("a key id that is a list", {"kid": ["k"]}, NOTHING),
    ("another algorithm of the same family", {"alg": "ES512"}, NOTHING),
    ("over 8 KB", NOTHING, {"pad": "x" * 9000}),
)


# Name, what becomes of the payload's bytes.
PAYLOADS: Final[tuple[tuple[str, Callable[[bytes], bytes]], ...]] = (
    ("a claim twice", lambda payload: payload[:-1] + b',"sub":"probe-another"}'),
    ("a claim twice, once escaped", lambda payload: payload[:-1] + b',"s\\u0075b":"probe-another"}'),
    ("UTF-16", lambda payload: payload.decode().encode("utf-16")),
    ("a byte order mark", lambda payload: b"\xef\xbb\xbf" + payload),
    ("a zero byte in a claim", lambda payload: payload[:-1] + b',"x":"a\\u0000"}'),
    ("a lone surrogate in a claim", lambda payload: payload[:-1] + b',"x":"\\ud800"}'),
    ("NaN", lambda payload: payload[:-1] + b',"x":NaN}'),
    ("bytes behind the payload", lambda payload: payload + b"x"),
    ("a payload that is a list", lambda payload: b"[" + payload + b"]"),
    ("5,000 brackets", lambda payload: payload[:-1] + b',"x":' + b"[" * 2500 + b"]" * 2500 + b"}"),
)


def _header_of(target: Target) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(opened(target.token.split(".")[0]))
    return header


def _payload_of(target: Target) -> bytes:
    return json.dumps(json.loads(opened(target.token.split(".")[1]))).encode()


def signed(target: Target, header: dict[str, Any], payload: bytes) -> Attempt:
    """Ask with a token of the issuer's own key."""
    if target.signer is None:
        raise ValueError("no issuer's key")
    written = json.dumps({name: value for name, value in header.items() if value is not None}).encode()
    return presenting(target, target.signer.sign(written, payload).decode())


def _changed(headers: dict[str, Any], claims: dict[str, Any]) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        kept = {name: value for name, value in (json.loads(_payload_of(target)) | claims).items() if value is not None}
        return signed(target, _header_of(target) | headers, json.dumps(kept).encode())

    return make


def _payload(change: Callable[[bytes], bytes]) -> Callable[[Target], Attempt]:
    return lambda target: signed(target, _header_of(target), change(_payload_of(target)))


def _honest(target: Target) -> Attempt:
    return signed(target, _header_of(target), _payload_of(target))


def _shared_secret(target: Target) -> Attempt:
    if target.signer is None:
        raise ValueError("no issuer's key")
    return presenting(target, target.signer.shared_secret_twin(_payload_of(target)).decode())


def _probe(name: str, make: Callable[[Target], Attempt], must: Must = Must.KEEP_ALL) -> Probe:
    return Probe("signed tokens", name, HOLE, SEEN, make, must, "signed token", Need.SIGNER)


PROBES: Final = (
    Probe("control", "signed token", "an honest token must be accepted", "-", _honest, Must.PASS, "signed token", Need.SIGNER),
    *(_probe(name, _changed(headers, claims)) for name, headers, claims in CHANGES),
    *(_probe(name, _payload(change)) for name, change in PAYLOADS),
    _probe("the published key as a shared secret", _shared_secret),
)
