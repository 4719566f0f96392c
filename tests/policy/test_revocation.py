"""Revocations: by token, by subject, by organisation, for a time or for good."""

import pytest
from policy.world import NOW, TODAY, TOMORROW, YESTERDAY, ask, policy, refused, why

from gateway.policy.access import Instant
from gateway.policy.snapshot import Grant, Revocation
from gateway.policy.vocabulary import Reason


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("jti:t1", "revocation:jti"),
        ("jti:idp/t1", "revocation:jti"),
        ("sub:idp/s1", "revocation:sub"),
        ("org:org_acme", "revocation:org"),
    ],
)
def test_each_way_to_name_a_caller_revokes_it_for_every_model(key: str, rule: str) -> None:
    snapshot = policy(grant=Grant(), revocations={key: Revocation()})
    for model in ("frontier", "open"):
        denial = refused(ask(model), snapshot)
        assert (denial.reasons, denial.rule) == ((Reason.TOKEN_REVOKED,), rule)


@pytest.mark.parametrize("key", ["jti:t2", "jti:other/t1", "sub:other/s1", "sub:s1", "org:org_other", "t1", "org:", "jti:", "jti:None"])
def test_others_are_not_touched(key: str) -> None:
    assert why(ask(), policy(grant=Grant(), revocations={key: Revocation()})) == ()


def test_a_caller_without_token_id_or_organisation_is_not_caught_by_empty_keys() -> None:
    keys = ("jti:", "jti:None", "jti:idp/", "jti:idp/None", "org:", "org:None")
    snapshot = policy(revocations={key: Revocation() for key in keys})
    assert why(ask("open", token_id=None, organisation=None), snapshot) == ()


def test_a_revocation_ends_at_its_instant() -> None:
    snapshot = policy(grant=Grant(), revocations={"jti:t1": Revocation(until=TOMORROW)})
    assert why(ask(), snapshot, Instant(TOMORROW - 0.1, NOW.steady)) == (Reason.TOKEN_REVOKED,)
    assert why(ask(), snapshot, Instant(TOMORROW, NOW.steady)) == ()
    assert why(ask(), policy(grant=Grant(), revocations={"jti:t1": Revocation(until=TODAY)})) == ()


def test_one_that_did_not_parse_revokes_for_good() -> None:
    snapshot = policy(grant=Grant(), revocations={"jti:t1": Revocation(until=YESTERDAY, invalid=True)})
    assert why(ask(), snapshot) == (Reason.TOKEN_REVOKED,)
