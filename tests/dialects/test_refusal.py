"""A hidden model does not exist: its refusals and an unknown model's are one."""

import pytest

from gateway.dialects import Dialect, House, from_denial, from_reason, render
from gateway.policy.access import AccessRequest, Location, Nationalities, Subject
from gateway.policy.decision import Denial
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Reason

HOUSE = House(contact="access@gate.example", blocked_by="https://gate.example/", retry_after=7)
SUBJECT = Subject(
    "corp", "jane", "org_acme", "token-7", us_person=False, nationalities=Nationalities(("KP",), unknown=False), residence="IR"
)
REQUEST = AccessRequest(SUBJECT, "codename", Location(country="SY", regions=("UA-43",), source="database"))
HIDDEN = Model("codename", "upstream", hidden=True)
SAME_FOR_EVERY_MODEL = {
    *(Reason.MALFORMED_REQUEST, Reason.ROUTE_NOT_ALLOWED, Reason.MODEL_UNRESOLVED, Reason.MODEL_AMBIGUOUS, Reason.TOKEN_MISSING),
    *(Reason.TOKEN_MALFORMED, Reason.TOKEN_INVALID, Reason.TOKEN_EXPIRED, Reason.ISSUER_UNKNOWN, Reason.KEYSET_UNAVAILABLE),
    *(Reason.TOKEN_REVOKED, Reason.POLICY_UNINITIALISED, Reason.AUDIT_UNAVAILABLE, Reason.LIMIT_EXCEEDED),
}


def denial_of(reason: Reason, model: Model | None) -> Denial:
    return Denial((reason,), REQUEST, model, "directive:d7", 42, "15 CFR 744", "BIS", "By order.", "legal@gate.example")


@pytest.mark.parametrize("accept", [None, b"application/problem+json"])
@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in SAME_FOR_EVERY_MODEL])
def test_a_hidden_models_refusal_is_that_of_an_unknown_one_to_the_byte(reason: Reason, dialect: Dialect, accept: bytes | None) -> None:
    hidden = from_denial(denial_of(reason, HIDDEN), "dec", "req", HOUSE)
    unknown = from_denial(Denial((Reason.MODEL_UNKNOWN,), REQUEST, revision=42), "dec", "req", HOUSE)
    assert render(dialect, hidden, accept) == render(dialect, unknown, accept)
    assert render(dialect, hidden, accept).status == 404


@pytest.mark.parametrize("reason", sorted(SAME_FOR_EVERY_MODEL))
def test_what_every_model_is_refused_for_says_nothing_about_this_one(reason: Reason) -> None:
    assert from_denial(denial_of(reason, HIDDEN), "dec", "req", HOUSE).reason is reason


def test_who_was_permitted_is_told_why_the_stream_was_cut() -> None:
    assert from_denial(denial_of(Reason.GRANT_EXPIRED, HIDDEN), "dec", "req", HOUSE, conceal=False).reason is Reason.GRANT_EXPIRED


def test_the_rules_words_go_to_the_caller() -> None:
    refusal = from_denial(denial_of(Reason.DIRECTIVE, Model("codename", "upstream")), "dec", "req", HOUSE)
    assert (refusal.reason, refusal.model, refusal.revision) == (Reason.DIRECTIVE, "codename", 42)
    assert (refusal.authority, refusal.legal_basis, refusal.message) == ("BIS", "15 CFR 744", "By order.")
    assert (refusal.contact, refusal.blocked_by, refusal.retry_after) == ("legal@gate.example", "https://gate.example/", 7)


def test_the_first_reason_is_the_one_that_is_seen() -> None:
    denial = Denial((Reason.ORG_NOT_APPROVED, Reason.REGION_RESTRICTED), REQUEST, Model("codename", "upstream"))
    refusal = from_denial(denial, "dec", "req", HOUSE)
    body = render(Dialect.OPENAI, refusal, None).body
    assert b"org_not_approved" in body
    assert b"region" not in body


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("reason", Reason)
def test_no_attribute_of_the_caller_is_told(reason: Reason, dialect: Dialect) -> None:
    refusal = from_denial(denial_of(reason, Model("codename", "upstream")), "dec", "req", HOUSE)
    response = render(dialect, refusal, None)
    said = response.body + b"".join(name + value for name, value in response.headers)
    for secret in (b"jane", b"org_acme", b"token-7", b"KP", b"IR", b"SY", b"UA-43", b"directive:d7"):
        assert secret not in said


def test_a_request_that_never_reached_the_policy() -> None:
    refusal = from_reason(Reason.MALFORMED_REQUEST, "dec", "req", HOUSE, "host: sent twice")
    assert (refusal.reason, refusal.model, refusal.contact, refusal.detail) == (
        Reason.MALFORMED_REQUEST,
        None,
        "access@gate.example",
        "host: sent twice",
    )
