import pytest

from gateway.dialects.statuses import status_of
from gateway.policy.vocabulary import Reason

EXPECTED = {
    400: {Reason.MALFORMED_REQUEST, Reason.MODEL_UNRESOLVED, Reason.MODEL_AMBIGUOUS},
    401: {Reason.TOKEN_MISSING, Reason.TOKEN_MALFORMED, Reason.TOKEN_INVALID, Reason.TOKEN_EXPIRED, Reason.TOKEN_REVOKED}
    | {Reason.ISSUER_UNKNOWN},
    404: {Reason.MODEL_UNKNOWN, Reason.OBJECT_UNKNOWN},
    429: {Reason.LIMIT_EXCEEDED},
    503: {Reason.LEDGER_UNAVAILABLE, Reason.KEYSET_UNAVAILABLE, Reason.POLICY_UNINITIALISED, Reason.POLICY_STALE, Reason.AUDIT_UNAVAILABLE},
}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_status(reason: Reason) -> None:
    expected = next((status for status, reasons in EXPECTED.items() if reason in reasons), 403)
    assert status_of(reason) == expected
    legal = 451 if expected == 403 and reason is not Reason.ROUTE_NOT_ALLOWED else expected
    assert status_of(reason, "15 CFR 744") == legal
