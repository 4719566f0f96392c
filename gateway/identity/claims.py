"""From a verified payload to a `Subject`: claim paths per issuer, the shapes that identity providers give. Pure.

What is missing, ambiguous or unreadable is unknown (None), and unknown never widens anything.
"""

import math
from collections.abc import Mapping, Sequence

from gateway.identity.assurance import read_statements
from gateway.identity.facts import claim_at, read_statement
from gateway.identity.rules import is_date, is_identifier
from gateway.policy.access import Statement, Subject, merged
from gateway.policy.assurance import residences
from gateway.policy.countries import read_country
from gateway.policy.ownership import WHOLE, Ownership, ownership
from gateway.settings.shape import Claims, Issuer


def subject_from(payload: Mapping[str, object], issuer: Issuer, qualify: bool) -> Subject:
    """Describe who the token speaks for. `qualify`: organisations are written `<issuer name>/<organisation>`.

    `subject_id` is empty where the token names no readable subject, or a tenant that is not in `iss`: such a token must be refused.
    """
    claims = issuer.claims
    asserted, verified = read_statement(payload, claims), read_statements(payload, claims)
    told = (asserted, *verified)
    lives = residences(told)
    return Subject(
        issuer=issuer.name,
        subject_id=(_identifier(claim_at(payload, claims.subject)) or "") if _is_of_tenant(payload, issuer) else "",
        organisation=_organisation(claim_at(payload, claims.organisation), issuer.name if qualify else ""),
        token_id=_identifier(payload.get("jti")),
        us_person=_us_person(told),
        nationalities=merged(one.nationalities for one in told if one.nationalities is not None),
        residence=lives[0] if len(lives) == 1 else None,
        expires_at=(expiry := _expiry(payload.get("exp"))),
        cut_at=expiry + issuer.leeway if issuer.cut_at_expiry else math.inf,
        statements=told if verified else (),
        ownership=_ownership(claim_at(payload, claims.ownership), claims),
    )


def _is_of_tenant(payload: Mapping[str, object], issuer: Issuer) -> bool:
    """Whether the tenant that the token names is the one whose issuer signed it: a whole segment of `iss`."""
    if not issuer.claims.tenant:
        return True
    tenant = _identifier(claim_at(payload, issuer.claims.tenant))
    return tenant is not None and tenant in issuer.issuer.split("/")


def _us_person(told: Sequence[Statement]) -> bool | None:
    """No, if anything in the token says no; else yes, if anything says yes."""
    said = {one.us_person for one in told}
    return False if False in said else True if True in said else None


def _ownership(claim: object, claims: Claims) -> Ownership | None:
    """Read a list of owners, each `{country, percent}`; one whose country is not readable is nobody who is accounted for."""
    if not isinstance(claim, list):
        return None
    owners: list[tuple[str, float]] = []
    for owner in claim:
        percent = owner.get("percent") if isinstance(owner, Mapping) else None
        if not isinstance(owner, Mapping) or isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 < percent <= WHOLE:
            return None
        country = read_country(owner.get("country"), claims.code_system)
        if country is not None:
            owners.append((country, float(percent)))
    return ownership(owners)


def _identifier(value: object) -> str | None:
    return value if isinstance(value, str) and is_identifier(value) else None


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
