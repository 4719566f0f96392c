"""Tokens bound to a client certificate (RFC 8705 section 3.1): good only on a connection that has shown that certificate. Pure."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

_MEMBER: Final = "x5t#S256"
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def thumbprint_of(certificate: bytes | None) -> str:
    """Name a certificate (DER) by the SHA-256 of it, base64url without padding; empty where there is none."""
    return urlsafe_b64encode(hashlib.sha256(certificate).digest()).rstrip(b"=").decode() if certificate else ""


def bound_to(payload: Mapping[str, object]) -> str | None:
    """Read what the token is bound to: empty where it is bound to nothing; None where it is bound to what cannot be checked here.

    That is a key whose possession is proved in another way (`jkt` of DPoP, RFC 9449), or anything else in `cnf` (RFC 7800).
    """
    if "cnf" not in payload:
        return ""
    confirmation = payload["cnf"]
    if not isinstance(confirmation, Mapping) or set(confirmation) != {_MEMBER}:
        return None
    thumbprint = confirmation[_MEMBER]
    return thumbprint if isinstance(thumbprint, str) and _THUMBPRINT.fullmatch(thumbprint) else None


def is_shown(wanted: str, shown: str) -> bool:
    """Whether the certificate of the connection is the one that the token is bound to."""
    return bool(wanted) and hmac.compare_digest(wanted, shown)
