"""The HTTP status of every reason. A refusal is a 4xx, but for what may heal by itself without the caller's doing (503)."""

from typing import Final, assert_never

from gateway.policy.vocabulary import Reason

_FORBIDDEN: Final = 403
_LEGAL_REASONS: Final = 451


def status_of(reason: Reason, legal_basis: str = "") -> int:
    """HTTP status of a refusal for `reason`: 400, 401, 403, 404, 429, 503, or 451 for a policy refusal with a legal basis (RFC 7725)."""
    status = _plain_status(reason)
    return _LEGAL_REASONS if legal_basis and status == _FORBIDDEN and reason is not Reason.ROUTE_NOT_ALLOWED else status


def _plain_status(reason: Reason) -> int:  # noqa: C901, PLR0911 - one table, and the type checker sees that it is whole
    match reason:
        case Reason.MALFORMED_REQUEST | Reason.MODEL_UNRESOLVED | Reason.MODEL_AMBIGUOUS:
            return 400
        case Reason.TOKEN_MISSING | Reason.TOKEN_MALFORMED | Reason.TOKEN_INVALID | Reason.TOKEN_EXPIRED:
            return 401
        case Reason.TOKEN_REVOKED | Reason.ISSUER_UNKNOWN:
            return 401
        case (
            Reason.KEYSET_UNAVAILABLE
            | Reason.POLICY_UNINITIALISED
            | Reason.POLICY_STALE
            | Reason.AUDIT_UNAVAILABLE
            | Reason.LEDGER_UNAVAILABLE
        ):
            return 503
        case Reason.MODEL_UNKNOWN | Reason.OBJECT_UNKNOWN:
            return 404
        case Reason.ROUTE_NOT_ALLOWED | Reason.MODEL_SUSPENDED | Reason.DIRECTIVE:
            return _FORBIDDEN
        case Reason.ORG_MISSING | Reason.ORG_NOT_APPROVED | Reason.GRANT_NOT_YET_VALID | Reason.GRANT_EXPIRED | Reason.GRANT_INVALID:
            return _FORBIDDEN
        case Reason.US_PERSON_REQUIRED | Reason.US_PERSON_UNKNOWN | Reason.NATIONALITY_RESTRICTED | Reason.NATIONALITY_UNKNOWN:
            return _FORBIDDEN
        case Reason.ASSURANCE_INSUFFICIENT | Reason.OWNERSHIP_RESTRICTED | Reason.OWNERSHIP_UNKNOWN:
            return _FORBIDDEN
        case Reason.REGION_RESTRICTED | Reason.REGION_UNKNOWN | Reason.ANONYMIZER | Reason.HOSTING:
            return _FORBIDDEN
        case Reason.LIMIT_EXCEEDED:
            return 429
        case _:
            assert_never(reason)
