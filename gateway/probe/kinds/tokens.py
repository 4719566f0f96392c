"""Signed tokens that were changed without the key: everything but the signature can be copied."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable
from typing import Any, Final

from gateway.probe.message import CHAT, ask, credential_line, post
from gateway.probe.probe import Attempt, Must, Need, Probe
from gateway.probe.target import Target

HOLE: Final = "a token that nobody signed, or in a second spelling, is accepted"
SEEN: Final = "JWT libraries (RFC 8725)"
PARTS: Final = 3
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

Change = Callable[[list[str]], str]


def is_jwt(token: str) -> bool:
    """Whether `token` has the shape of a signed token with a header that can be read (RFC 7515)."""
    parts = token.split(".")
    try:
        return len(parts) == PARTS and all(parts) and isinstance(json.loads(opened(parts[0])), dict)
    except (ValueError, Error):
        return False


def opened(segment: str) -> bytes:
    """Decode base64url without padding."""
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def segment(content: bytes) -> str:
    """Encode base64url without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def written(value: dict[str, Any]) -> str:
    """Encode an object as a part of a token."""
    return segment(json.dumps(value, separators=(",", ":")).encode())


def _with_header(parts: list[str], signature: str | None = None, **changes: object) -> str:
    header = written(json.loads(opened(parts[0])) | changes)
    return f"{header}.{parts[1]}.{parts[2] if signature is None else signature}"


def _with_claims(parts: list[str], **changes: object) -> str:
    return f"{parts[0]}.{written(json.loads(opened(parts[1])) | changes)}.{parts[2]}"


def _empty_secret(parts: list[str]) -> str:
    signed = f"{written(json.loads(opened(parts[0])) | {'alg': 'HS256'})}.{parts[1]}"
    return f"{signed}.{segment(hmac.digest(b'', signed.encode(), hashlib.sha256))}"


def _spare_bits(parts: list[str]) -> str:
    """Change bits of the last character that no byte holds; where there are none, the whole is another signature."""
    last = parts[2][-1]
    return ".".join(parts)[:-1] + ALPHABET[ALPHABET.index(last) ^ 1]


CHANGES: Final[tuple[tuple[str, Change], ...]] = (
    ("algorithm none", lambda parts: _with_header(parts, "", alg="none")),
    ("algorithm none, signature kept", lambda parts: _with_header(parts, alg="none")),
    ("algorithm NONE", lambda parts: _with_header(parts, "", alg="nOnE")),
    ("no algorithm", lambda parts: _with_header(parts, "", alg="")),
    ("HS256 with an empty secret", _empty_secret),
    ("a key of its own offered", lambda parts: _with_header(parts, jku="https://localhost/keys", jwk={"kty": "oct", "k": ""})),
    ("the payload changed", lambda parts: _with_claims(parts, sub="probe-another")),
    ("a longer life", lambda parts: _with_claims(parts, exp=4_102_444_800)),
    ("another organisation", lambda parts: _with_claims(parts, org_id="probe-another")),
    ("no signature", lambda parts: f"{parts[0]}.{parts[1]}."),
    ("two parts", lambda parts: f"{parts[0]}.{parts[1]}"),
    ("four parts", lambda parts: ".".join((*parts, "QQ"))),
    ("a zero signature", lambda parts: f"{parts[0]}.{parts[1]}.{segment(bytes(len(opened(parts[2]))))}"),
    ("half a signature", lambda parts: f"{parts[0]}.{parts[1]}.{parts[2][: len(parts[2]) // 2 // 4 * 4]}"),
    ("padding behind it", lambda parts: ".".join(parts) + "="),
    ("two characters of padding", lambda parts: ".".join(parts) + "=="),
    ("spare bits set", _spare_bits),
    ("a space within", lambda parts: f"{parts[0]}. {parts[1]}.{parts[2]}"),
    ("brackets instead of a header", lambda parts: f"{segment(b'[' * 3000)}.{parts[1]}.{parts[2]}"),
    ("a header that is no text", lambda parts: f"{segment(bytes((0xFF, 0xFE)))}.{parts[1]}.{parts[2]}"),
    ("an overlong one", lambda parts: ".".join(parts) + "A" * 8192),
)


def presenting(target: Target, token: str) -> Attempt:
    """Ask for the allowed model with `token`."""
    return Attempt(post(target, ask(target.allowed), CHAT, credential_line(target.header, token), credential=False))


def _changed(change: Change) -> Callable[[Target], Attempt]:
    return lambda target: presenting(target, change(target.token.split(".")))


PROBES: Final = tuple(Probe("tokens", name, HOLE, SEEN, _changed(change), Must.KEEP_ALL, needs=Need.JWT) for name, change in CHANGES)
