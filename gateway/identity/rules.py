"""What every token must keep to besides its signature: RFC 7515 header, RFC 7519 and RFC 8725 claims. Pure."""

from collections.abc import Mapping
from typing import Final, TypeGuard

from gateway.identity.binding import bound_to
from gateway.policy.vocabulary import Reason
from gateway.settings.shape import Issuer

MAX_KEY_ID: Final = 128
"""Longest `kid`, characters."""

MAX_IDENTIFIER: Final = 256
"""Longest subject, organisation and token id, characters."""

LATEST: Final = 253_402_300_799
"""The last second of the year 9999: a later `exp` was counted in milliseconds by mistake."""

ISSUED_AHEAD: Final = 60.0
"""Seconds that an issuer's clock may run ahead of ours in `iat`, on top of the configured leeway."""

_TYPES: Final = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
_FORBIDDEN: Final = frozenset({"jku", "jwk", "x5u", "x5c", "cty", "zip", "enc", "crit", "b64"})


def is_identifier(value: object) -> bool:
    """Say whether `value` is a string of 1 to `MAX_IDENTIFIER` printable characters (no control, format or separator ones)."""
    return isinstance(value, str) and 0 < len(value) <= MAX_IDENTIFIER and value.isprintable()


def is_date(value: object) -> TypeGuard[int]:
    """Say whether `value` is a whole number of seconds up to `LATEST`, in the past or the future (RFC 7519 NumericDate, the integers)."""
    return type(value) is int and -LATEST <= value <= LATEST


def check_header(header: Mapping[str, object]) -> Reason | None:
    """Refuse keys that a token brings along, extensions, nesting, compression, and types that are no access token.

    `typ` may be missing, `JWT` or `at+jwt` (RFC 9068); so `secevent+jwt`, `dpop+jwt` and the like are refused (RFC 8725 3.11).
    """
    kid = header.get("kid", "-")
    typ = header.get("typ", "jwt")
    fine = (
        isinstance(header.get("alg"), str)
        and isinstance(kid, str)
        and 0 < len(kid) <= MAX_KEY_ID
        and kid.isprintable()
        and isinstance(typ, str)
        and typ.lower() in _TYPES
        and _FORBIDDEN.isdisjoint(header)
    )
    return None if fine else Reason.TOKEN_INVALID


def check_claims(payload: Mapping[str, object], issuer: Issuer, wall: float) -> Reason | None:
    """Check the registered claims of a token whose signature holds, at `wall` epoch seconds.

    `exp` must be an integer and in the future, `nbf` and `iat` in the past if they are there, `aud` must name us. A token bound
    to a key (`cnf`, RFC 7800) is no bearer token: bound to a certificate it is looked at again with each connection, bound to anything
    else it is refused. A security event (`events`, RFC 8417) is no access token.
    """
    expires = payload.get("exp")
    if (
        not is_date(expires)
        or not _shaped(payload)
        or not _bound_as_demanded(payload, issuer)
        or not _meant_for_us(payload.get("aud"), issuer)
    ):
        return Reason.TOKEN_INVALID
    ahead = wall + issuer.leeway
    if not (_not_after(payload, "nbf", ahead) and _not_after(payload, "iat", ahead + ISSUED_AHEAD)):
        return Reason.TOKEN_INVALID
    return Reason.TOKEN_EXPIRED if wall >= expires + issuer.leeway else None


def _shaped(payload: Mapping[str, object]) -> bool:
    return "events" not in payload and ("jti" not in payload or is_identifier(payload["jti"]))


def _bound_as_demanded(payload: Mapping[str, object], issuer: Issuer) -> bool:
    bound = bound_to(payload)
    return bound is not None and (bound != "" or not issuer.certificate_bound)


def _meant_for_us(audience: object, issuer: Issuer) -> bool:
    named = audience if isinstance(audience, list) else [audience]
    return all(isinstance(one, str) for one in named) and any(one in issuer.audience for one in named)


def _not_after(payload: Mapping[str, object], claim: str, limit: float) -> bool:
    if claim not in payload:
        return True
    moment = payload[claim]
    return type(moment) in {int, float} and moment <= limit  # type: ignore[operator]  # bool is no date, the set says so
