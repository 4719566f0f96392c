import pytest

from gateway.dialects.head import fields_of
from gateway.dialects.refusal import Refusal
from gateway.dialects.statuses import status_of
from gateway.policy.vocabulary import Reason


def fields(reason: Reason, **more: object) -> dict[bytes, bytes]:
    refusal = Refusal(reason, "dec_1", "req_1", **more)  # type: ignore[arg-type]
    pairs = fields_of(refusal, status_of(reason, refusal.legal_basis), b"application/json")
    assert len(dict(pairs)) == len(pairs)
    assert all(name == name.lower() and b"\r" not in value and b"\n" not in value for name, value in pairs)
    return dict(pairs)


@pytest.mark.parametrize("reason", Reason)
def test_no_refusal_is_stored_or_retried(reason: Reason) -> None:
    found = fields(reason)
    assert found[b"cache-control"] == b"no-store"
    assert found[b"x-should-retry"] == b"false"
    assert found[b"x-gateway-decision-id"] == b"dec_1"
    assert found[b"x-request-id"] == b"req_1"
    assert b"x-gateway-revision" not in found
    assert not {b"content-length", b"transfer-encoding", b"connection"} & found.keys()


def test_the_revision_is_told_where_a_policy_decided() -> None:
    assert fields(Reason.DIRECTIVE, revision=0)[b"x-gateway-revision"] == b"0"


def test_a_bad_token_is_challenged() -> None:
    assert fields(Reason.TOKEN_MISSING)[b"www-authenticate"] == b'Bearer realm="gateway"'
    for reason in (Reason.TOKEN_MALFORMED, Reason.TOKEN_INVALID, Reason.TOKEN_EXPIRED, Reason.TOKEN_REVOKED, Reason.ISSUER_UNKNOWN):
        assert b'error="invalid_token"' in fields(reason)[b"www-authenticate"]
    assert b"www-authenticate" not in fields(Reason.ORG_NOT_APPROVED)


@pytest.mark.parametrize("reason", [Reason.POLICY_STALE, Reason.AUDIT_UNAVAILABLE, Reason.KEYSET_UNAVAILABLE, Reason.LIMIT_EXCEEDED])
def test_what_heals_says_when_to_return(reason: Reason) -> None:
    assert fields(reason, retry_after=9)[b"retry-after"] == b"9"
    assert b"retry-after" not in fields(Reason.REGION_RESTRICTED, retry_after=9)


def test_a_legal_demand_names_who_blocks() -> None:
    legal = {"legal_basis": "15 CFR 744", "blocked_by": "https://gate.example/legal"}
    assert fields(Reason.DIRECTIVE, **legal)[b"link"] == b'<https://gate.example/legal>; rel="blocked-by"'
    assert b"link" not in fields(Reason.DIRECTIVE, blocked_by="https://gate.example/legal")
    assert b"link" not in fields(Reason.DIRECTIVE, legal_basis="15 CFR 744")
    assert b"link" not in fields(Reason.DIRECTIVE, legal_basis="15 CFR 744", blocked_by='https://x/>; rel="\r\nset-cookie: a')
