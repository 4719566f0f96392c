from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.admin.revocations import Revoke, lift_revocation, revocation_rows, revoke_organisation, revoke_subject, revoke_token
from gateway.errors import CommandError
from gateway.policy.access import AccessRequest, Instant, Subject
from gateway.policy.decide import decide
from gateway.policy.decision import Denial
from gateway.policy.snapshot import InvalidEntry, Revocation, Snapshot
from gateway.policy.vocabulary import Reason
from gateway.settings.shape import Issuer, Keys

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ISSUERS = tuple(
    Issuer(name=name, issuer=f"https://{name}.example", audience=("gate",), keys=Keys(discovery=True)) for name in ("main", "lab")
)
IDENTIFIERS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=256).filter(str.isprintable)


def test_each_kind_has_its_key() -> None:
    assert revoke_token("t-1", ISSUERS, NOW).key == "jti:t-1"
    assert revoke_token("t-1", ISSUERS, NOW, issuer="lab").key == "jti:lab/t-1"
    assert revoke_subject("main", "ann", ISSUERS, NOW).key == "sub:main/ann"
    assert revoke_organisation("lab/org_acme", NOW) == Revoke("org:lab/org_acme", {})


def test_an_issuer_may_be_named_by_its_url_and_is_taken_as_it_is_without_settings() -> None:
    assert revoke_subject("https://lab.example", "ann", ISSUERS, NOW).key == "sub:lab/ann"
    assert revoke_subject("gone", "ann", None, NOW).key == "sub:gone/ann"


def test_what_is_stored_says_until_when_and_why() -> None:
    revoked = revoke_token("t-1", None, NOW, until="2026-07-01", reason="stolen")
    assert revoked.entry == {"until": "2026-07-01T00:00:00Z", "reason": "stolen"}
    assert revoked.reason == "stolen"


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: revoke_subject("mian", "ann", ISSUERS, NOW), "main"),
        (lambda: revoke_token("t", ISSUERS, NOW, issuer="nobody"), "main, lab"),
        (lambda: revoke_token("", ISSUERS, NOW), "JTI"),
        (lambda: revoke_organisation("a\nb", NOW), "printable"),
        (lambda: revoke_organisation("x" * 257, NOW), "256"),
        (lambda: revoke_organisation("a", NOW, until="2026-05-31"), "past"),
        (lambda: revoke_organisation("a", NOW, until="soon"), "--until"),
        (lambda: revoke_organisation("a", NOW, reason="a\nb"), "--reason"),
        (lambda: lift_revocation("org_acme"), "revoke list"),
        (lambda: lift_revocation("org:"), "revoke list"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_right_form(made: Any, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        made()


@given(identifier=IDENTIFIERS, other=IDENTIFIERS)
def test_what_is_revoked_is_what_decide_refuses(identifier: str, other: str) -> None:
    subject = Subject("main", identifier, organisation=other, token_id=identifier)
    for revoked in (
        revoke_token(identifier, ISSUERS, NOW),
        revoke_token(identifier, ISSUERS, NOW, issuer="main"),
        revoke_subject("main", identifier, ISSUERS, NOW),
        revoke_organisation(other, NOW),
    ):
        decision = decide(AccessRequest(subject, "m"), Snapshot(revocations={revoked.key: Revocation()}), Instant(NOW.timestamp(), 0.0))
        assert isinstance(decision, Denial)
        assert decision.reason is Reason.TOKEN_REVOKED


def test_rows_say_what_holds() -> None:
    now = NOW.timestamp()
    snapshot = Snapshot(
        revocations={
            "org:a": Revocation(reason="annex D"),
            "jti:t": Revocation(until=now),
            "sub:main/ann": Revocation(until=now + 1),
            "typo": Revocation(invalid=True),
        },
        invalid=(InvalidEntry("gateway:revocations", "typo", "revokes nothing"),),
    )
    rows = revocation_rows(snapshot, now)
    assert [(row["key"], row["kind"], row["state"], row["until"]) for row in rows] == [
        ("jti:t", "token", "expired", "2026-06-01T12:00:00Z"),
        ("org:a", "organisation", "in force", None),
        ("sub:main/ann", "subject", "in force", "2026-06-01T12:00:01Z"),
        ("typo", "", "invalid", None),
    ]
    assert (rows[1]["reason"], rows[3]["problem"]) == ("annex D", "revokes nothing")
