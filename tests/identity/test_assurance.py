"""Verified claims: one object or a list, each with its evidence; whatever else a token holds, it never raises and never permits."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forge import CLAIMS, NOW, issuer

from gateway.identity.assurance import read_statements
from gateway.identity.claims import subject_from
from gateway.policy.access import AccessRequest, Nationalities, Statement, Verification
from gateway.policy.assurance import Requirement
from gateway.policy.decide import decide
from gateway.policy.decision import Denial
from gateway.policy.ownership import OwnershipRule
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Model, Snapshot
from gateway.settings.shape import Claims

PATHS = Claims(us_person="/us_person", nationalities="/nationalities", residence="/address/country")
EVIDENCE: dict[str, Any] = {"trust_framework": "eidas", "assurance_level": "high", "time": "2026-05-11T14:29:30.5+02:00"}
GERMAN: dict[str, Any] = {"nationalities": ["DE"]}
DE = Nationalities(("DE",), unknown=False)


def read(claim: object) -> tuple[Statement, ...]:
    return read_statements({"verified_claims": claim}, PATHS)


def verification(**changes: Any) -> Verification | None:
    evidence = {name: value for name, value in {**EVIDENCE, **changes}.items() if value is not None}
    (statement,) = read({"verification": evidence, "claims": GERMAN})
    return statement.verification


def test_one_object() -> None:
    (found,) = read({"verification": EVIDENCE, "claims": {**GERMAN, "us_person": False, "address": {"country": "FR"}}})
    evidence = Verification("eidas", "high", 1778502570.5)
    assert found == Statement("verified_claims[0]", evidence, us_person=False, nationalities=DE, residence="FR")


def test_a_list_counts_from_nought_and_leaves_out_what_says_nothing() -> None:
    found = read([{"verification": EVIDENCE, "claims": GERMAN}, "junk", {"verification": EVIDENCE}, {"claims": GERMAN}])
    assert [one.source for one in found] == ["verified_claims[0]", "verified_claims[3]"]
    assert [one.verification is None for one in found] == [False, True]


@pytest.mark.parametrize("claim", [None, [], {}, "eidas", 5, [None], [[]], {"claims": "DE"}, {"claims": ["DE"]}])
def test_nothing_readable_is_nothing(claim: object) -> None:
    assert read(claim) == ()


@pytest.mark.parametrize(
    ("time", "epoch"),
    [("2026-05-11T14:29Z", 1778509740.0), ("2026-05-11T14:29:30Z", 1778509770.0), ("2026-05-11T14:29-05:00", 1778527740.0)],
)
def test_times_are_written_with_or_without_seconds_and_with_a_zone(time: str, epoch: float) -> None:
    assert verification(time=time) == Verification("eidas", "high", epoch)


def test_a_level_and_a_time_may_be_missing() -> None:
    assert verification(time=None, assurance_level=None) == Verification("eidas")


@pytest.mark.parametrize(
    "changes",
    [
        {"trust_framework": None},
        {"trust_framework": 5},
        {"trust_framework": ""},
        {"trust_framework": "eid\nas"},
        {"trust_framework": ["eidas"]},
        {"assurance_level": 3},
        {"assurance_level": ""},
        {"time": 1778509770},
        {"time": "2026-05-11"},
        {"time": "2026-05-11T14:29"},
        {"time": "2026-13-11T14:29Z"},
        {"time": "2026-05-11T25:29Z"},
        {"time": "0001-01-01T00:00+14:00"},
        {"time": "yesterday"},
    ],
)
def test_evidence_that_cannot_be_read_is_none(changes: dict[str, Any]) -> None:
    assert verification(**changes) is None


def test_evidence_that_is_no_object_is_none() -> None:
    (found,) = read({"verification": "eidas", "claims": GERMAN})
    assert found.verification is None


HARD = Model(
    "frontier",
    "lab",
    restrictions=Restrictions(
        nationality=CountryRule(any_in=frozenset({"KP"})), require_verified=Requirement(frozenset({"eidas"}), "substantial", 1e9)
    ),
)
OWNED = Model("owned", "lab", restrictions=Restrictions(ownership=OwnershipRule(frozenset({"KP"}), 50.0)))
HOMES = Model("homes", "lab", restrictions=Restrictions(residence=CountryRule(all_in=frozenset({"ZZ"}))))
GRANTS = {name: {"org_acme": Grant()} for name in ("frontier", "owned", "homes")}
POLICY = Snapshot(
    catalogue={model.id: model for model in (HARD, OWNED, HOMES)},
    grants=GRANTS,
    initialised=True,
    confirmed_at=NOW.steady,
    max_staleness=60.0,
)

words = st.sampled_from(["DE", "KP", "org_acme", "eidas", "substantial", "verified_claims", "2026-05-11T14:29Z", "country", "percent"])
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
evidence = st.fixed_dictionaries(
    {},
    optional={
        "trust_framework": st.sampled_from(["EIDAS", "eidas ", "de_aml"]) | json.filter(lambda value: value != "eidas"),
        "assurance_level": st.sampled_from(["high", "low"]) | json,
        "time": st.sampled_from(["2026-05-11T14:29Z"]) | json,
    },
)
inside = st.fixed_dictionaries({}, optional={"nationalities": st.just(["DE"]) | json, "us_person": st.booleans() | json})
element = st.fixed_dictionaries({}, optional={"verification": evidence | json, "claims": inside | json}) | json
tokens = st.fixed_dictionaries(
    {},
    optional={
        "nationalities": st.just(["DE"]) | json,
        "us_person": st.booleans() | json,
        "residence": json,
        "verified_claims": element | st.lists(element, max_size=3),
        "owners": st.lists(st.fixed_dictionaries({"country": json, "percent": json}), max_size=2) | json,
        "sub": json,
        "org_id": st.just("org_acme") | json,
    },
)


@settings(max_examples=150, deadline=None)
@given(tokens, st.sampled_from(sorted(POLICY.catalogue)))
def test_whatever_a_token_claims_it_never_raises_and_without_evidence_it_is_never_permitted(claims: dict[str, Any], model: str) -> None:
    trusted = issuer(claims=Claims(us_person="/us_person", nationalities="/nationalities", residence="/residence", ownership="/owners"))
    subject = subject_from({**CLAIMS, **claims}, trusted, qualify=False)
    owners = subject.ownership
    decision = decide(AccessRequest(subject, model), POLICY, NOW)
    if model == "owned" and owners is not None and all(percent <= 50 for _, percent in owners.shares):
        assert owners.told <= 100
    else:
        assert isinstance(decision, Denial)
