"""Header fields of a refusal: not stored, retried only for a share used up, how to authenticate, when to return, who blocks."""

from typing import Final

from gateway.dialects.limits import limit_fields
from gateway.dialects.refusal import Refusal
from gateway.dialects.texts import TEXTS
from gateway.policy.vocabulary import Reason

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"

_UNAUTHENTICATED: Final = 401
_LEGAL_REASONS: Final = 451
_INVISIBLE: Final = bytes(range(ord(" ") + 1))
_LATER: Final = frozenset((429, 503))
_URI: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%")


def fields_of(refusal: Refusal, status: int, content_type: bytes) -> list[tuple[bytes, bytes]]:
    """Fields of a refusal with `status`, names lower-case; no framing."""
    fields = [
        (b"content-type", content_type),
        (b"cache-control", b"no-store"),
        (b"x-should-retry", b"true" if refusal.excess is not None and refusal.excess.again else b"false"),
        (b"x-request-id", _visible(refusal.request_id)),
        (b"x-gateway-decision-id", _visible(refusal.decision_id)),
    ]
    if refusal.revision is not None:
        fields.append((b"x-gateway-revision", b"%d" % refusal.revision))
    if status == _UNAUTHENTICATED:
        fields.append((b"www-authenticate", _challenge(refusal.reason)))
    if refusal.excess is not None:
        fields += limit_fields(refusal.excess)
    elif status in _LATER:
        fields.append((b"retry-after", b"%d" % max(0, refusal.retry_after)))
    if status == _LEGAL_REASONS and refusal.blocked_by and _URI.issuperset(refusal.blocked_by):
        fields.append((b"link", b'<%b>; rel="blocked-by"' % refusal.blocked_by.encode("ascii")))
    return fields


def _challenge(reason: Reason) -> bytes:
    """RFC 6750 section 3: no error code where no token was sent."""
    if reason is Reason.TOKEN_MISSING:
        return b'Bearer realm="gateway"'
    return b'Bearer realm="gateway", error="invalid_token", error_description="%b"' % TEXTS[reason].encode("ascii")


def _visible(identifier: str) -> bytes:
    return identifier.encode("ascii", "ignore").translate(None, _INVISIBLE)
