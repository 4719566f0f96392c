"""The caller's credential: one per request, in one spelling, wherever the official SDKs put it. Pure."""

from collections.abc import Sequence
from typing import Final

from gateway.policy.vocabulary import Reason

AUTHORIZATION: Final = b"authorization"
SOURCES: Final = frozenset({AUTHORIZATION, b"x-api-key", b"api-key", b"x-goog-api-key"})
"""Header names, lower-case, that may carry the token: RFC 6750, Anthropic, Azure OpenAI, Gemini."""

MAX_TOKEN: Final = 8192
"""Longest token, bytes."""

_SCHEME: Final = b"bearer"
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
_PARTS: Final = 3


def find_credential(headers: Sequence[tuple[bytes, bytes]], offered: Sequence[bytes] = ()) -> bytes | Reason:
    """Take the one credential from `headers` (names lower-case, values without surrounding whitespace), or from `offered`.

    `offered` are tokens that came as subprotocols of a WebSocket (browsers can set no header there).

    Headers that agree are fine. A header given twice, a comma-joined value or two headers that disagree are
    `MALFORMED_REQUEST`, no credential `TOKEN_MISSING`, another scheme than Bearer `TOKEN_MALFORMED`.
    """
    if len(offered) > 1:
        return Reason.MALFORMED_REQUEST
    found: bytes | None = offered[0] if offered else None
    seen: tuple[bytes, ...] = ()
    for name, value in headers:
        if name not in SOURCES:
            continue
        token = _bearer(value) if name == AUTHORIZATION else value
        if name in seen or b"," in value or (found is not None and token != found):
            return Reason.MALFORMED_REQUEST
        seen = (*seen, name)
        found = token
    if not found:
        return Reason.TOKEN_MISSING
    return Reason.TOKEN_MALFORMED if b" " in found else found


def _bearer(value: bytes) -> bytes:
    """Take the token after the scheme (case-insensitive, RFC 9110 11.1); any other scheme stays whole, and has a space."""
    if value[:6].lower() != _SCHEME:
        return value + b" "
    return value[7:] if value[6:7] in {b"", b" "} else value + b" "


def well_formed(token: bytes) -> bool:
    """Say whether `token` is three non-empty base64url parts without padding, at most `MAX_TOKEN` bytes (RFC 7515 7.1)."""
    if len(token) > MAX_TOKEN or token.translate(None, _ALPHABET):
        return False
    parts = token.split(b".")
    return len(parts) == _PARTS and all(parts)
