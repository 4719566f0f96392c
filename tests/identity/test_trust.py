"""Issuers are checked once, when the verifier is made."""

from typing import Any

import pytest
from msgspec import structs
from support.forge import ISSUER, Clock, issuer, key_set

from gateway.errors import SettingsError
from gateway.identity.keyset import KeySet, keysets_for
from gateway.identity.trust import disowned, trust_by_iss
from gateway.settings.shape import Claims, Issuer, Keys


async def fetch(url: str, timeout: float) -> bytes:  # noqa: ASYNC109  # the fetch's own shape
    del url, timeout
    return key_set()


def keysets(*issuers: Issuer) -> dict[str, KeySet]:
    return keysets_for(issuers, Clock(), fetch)


def test_organisations_of_every_issuer_but_the_first_are_qualified() -> None:
    issuers = [issuer("main"), issuer("a", issuer="https://a"), issuer("b", issuer="https://b")]
    trusts = trust_by_iss(issuers, keysets(*issuers))
    assert [(iss, trust.qualify) for iss, trust in trusts.items()] == [(ISSUER, False), ("https://a", True), ("https://b", True)]


def test_two_issuers_cannot_share_an_iss() -> None:
    issuers = [issuer("main"), issuer("twin")]
    with pytest.raises(SettingsError, match="issuer twin: another issuer has the same `issuer` value"):
        trust_by_iss(issuers, keysets(*issuers))


@pytest.mark.parametrize("name", ["subject", "organisation", "us_person", "nationalities", "residence"])
def test_a_claim_path_that_is_no_pointer_is_named(name: str) -> None:
    settings = issuer(claims=Claims(**{name: "org_id"}))  # type: ignore[arg-type]  # one text setting, by name
    with pytest.raises(SettingsError, match=r"issuer main: claims: 'org_id': a claim path starts with '/'. Write: /org_id"):
        trust_by_iss([settings], keysets(settings))


WIDER = [{"leeway": 9.0}, {"audience": ("x", "y", "z")}, {"algorithms": ("ES256", "EdDSA", "RS256")}, {"keys": Keys(jwks_url="https://k")}]
OTHERWISE: list[dict[str, Any]] = [
    {"name": "other"},
    {"issuer": "https://other"},
    {"audience": ("x",)},
    {"algorithms": ("EdDSA",)},
    {"claims": Claims(organisation="/org")},
    {"certificate_bound": True},
    {"cut_at_expiry": True},
]


@pytest.mark.parametrize("change", WIDER, ids=str)
def test_who_is_believed_as_before_keeps_what_runs(change: dict[str, Any]) -> None:
    before = issuer("main", audience=("x", "y"), algorithms=("ES256", "EdDSA"))
    assert disowned([before], [structs.replace(before, **change)]) == frozenset()


@pytest.mark.parametrize("change", OTHERWISE, ids=str)
def test_who_is_believed_less_or_says_something_else_does_not(change: dict[str, Any]) -> None:
    before = issuer("main", audience=("x", "y"), algorithms=("ES256", "EdDSA"))
    assert disowned([before], [structs.replace(before, **change)]) == {"main"}


def test_organisations_that_are_named_otherwise_are_others() -> None:
    one, other = issuer("one"), issuer("other", issuer="https://other")
    third = issuer("third", issuer="https://third")
    assert disowned([one, other, third], [one, third, other]) == frozenset()
    assert disowned([one, other, third], [other, one, third]) == {"one", "other"}
    assert disowned([one, other], []) == {"one", "other"}


def test_an_unchanged_issuer_keeps_its_key_set_over_a_reload() -> None:
    before = keysets(issuer("main"), issuer("other", issuer="https://a"))
    after = keysets_for([issuer("main"), issuer("other", issuer="https://b")], Clock(), fetch, kept=before)
    assert after["main"] is before["main"]
    assert after["other"] is not before["other"]
