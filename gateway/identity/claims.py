"""From a verified payload to a `Subject`: claim paths per issuer, the shapes that identity providers give. Pure.

What is missing, ambiguous or unreadable is unknown (None), and unknown never widens anything.
"""

import math
from collections.abc import Mapping, Sequence

from gateway.identity.pointer import compile_pointer, lookup
from gateway.identity.rules import is_date, is_identifier
from gateway.policy.access import UNKNOWN_NATIONALITIES, Nationalities, Subject
from gateway.policy.countries import read_country, read_nationalities
from gateway.settings.shape import Claims, Issuer


def subject_from(payload: Mapping[str, object], issuer: Issuer, qualify: bool) -> Subject:
    """Describe who the token speaks for. `qualify`: organisations are written `<issuer name>/<organisation>`.

    `subject_id` is empty where the token names no readable subject: such a token must be refused.
    """
    claims = issuer.claims
    return Subject(
        issuer=issuer.name,
        subject_id=_identifier(_claim(payload, claims.subject)) or "",
        organisation=_organisation(_claim(payload, claims.organisation), issuer.name if qualify else ""),
        token_id=_identifier(payload.get("jti")),
        us_person=_flag(_claim(payload, claims.us_person)),
        nationalities=_nationalities(payload, claims),
        residence=read_country(_claim(payload, claims.residence), claims.code_system) if claims.residence else None,
        expires_at=(expiry := _expiry(payload.get("exp"))),
        cut_at=expiry + issuer.leeway if issuer.cut_at_expiry else math.inf,
    )


def _claim(payload: Mapping[str, object], path: str) -> object:
    return lookup(payload, compile_pointer(path)) if path else None


def _identifier(value: object) -> str | None:
    return value if isinstance(value, str) and is_identifier(value) else None


def _flag(value: object) -> bool | None:
    """Only JSON's true and false: `"true"`, 1 and the like are not known to mean either."""
    return value if isinstance(value, bool) else None


def _nationalities(payload: Mapping[str, object], claims: Claims) -> Nationalities:
    if not claims.nationalities:
        return UNKNOWN_NATIONALITIES
    return read_nationalities(_claim(payload, claims.nationalities), claims.code_system)


def _expiry(value: object) -> float:
    return float(value) if is_date(value) else -math.inf


def _organisation(claim: object, qualifier: str) -> str | None:
    """Name the one organisation. Without a qualifier a `/` is refused: it would read as another issuer's organisation."""
    name = _identifier(_only(claim))
    if name is None or (not qualifier and "/" in name):
        return None
    return f"{qualifier}/{name}" if qualifier else name


def _only(claim: object) -> object:
    """Unwrap Keycloak's shapes: a list of one name, a map with one name as key, a list with such a map. Several are ambiguous."""
    if isinstance(claim, Sequence) and not isinstance(claim, str):
        claim = claim[0] if len(claim) == 1 else None
    if isinstance(claim, Mapping):
        claim = next(iter(claim)) if len(claim) == 1 else None
    return claim
