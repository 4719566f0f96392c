"""From payload to subject: what is missing, ambiguous or unreadable is unknown."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.forge import CLAIMS, issuer

from gateway.identity.claims import subject_from
from gateway.policy.access import UNKNOWN_NATIONALITIES, Subject
from gateway.settings.shape import Claims


def subject(qualify: bool = False, paths: Claims | None = None, **claims: Any) -> Subject:
    settings = issuer("partners") if paths is None else issuer("partners", claims=paths)
    return subject_from({**CLAIMS, **claims}, settings, qualify)


def test_every_attribute_comes_from_its_configured_path() -> None:
    paths = Claims(subject="/who/id", organisation="/who/org", us_person="/p/us", nationalities="/p/nat/values", residence="/p/home")
    seen = subject(
        paths=paths,
        who={"id": "u-1", "org": "org_x"},
        p={"us": True, "nat": {"values": ["DE", "FR"]}, "home": "CH"},
        jti="t-1",
    )
    assert (seen.issuer, seen.subject_id, seen.organisation, seen.token_id) == ("partners", "u-1", "org_x", "t-1")
    assert (seen.us_person, seen.nationalities.known, seen.nationalities.unknown, seen.residence) == (True, ("DE", "FR"), False, "CH")
    assert seen.expires_at == CLAIMS["exp"]


def test_an_issuer_without_paths_says_nothing_about_the_person() -> None:
    seen = subject(paths=Claims(), us_person=True, nationalities=["DE"], residence="DE")
    assert (seen.us_person, seen.nationalities, seen.residence) == (None, UNKNOWN_NATIONALITIES, None)


@pytest.mark.parametrize("value", ["true", "yes", 1, 0, None, [True], {}, ""])
def test_only_true_and_false_say_whether_one_is_a_us_person(value: object) -> None:
    assert subject(us_person=value).us_person is None
    assert subject(us_person=False).us_person is False


@pytest.mark.parametrize("value", [None, [], "", "XX", 5, ["ZZZ"], {"a": 1}])
def test_nationalities_that_are_no_countries_are_unknown(value: object) -> None:
    seen = subject(nationalities=value, residence=value)
    assert (seen.nationalities.known, seen.nationalities.unknown, seen.residence) == ((), True, None)


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param("org_acme", id="a string (Auth0, WorkOS)"),
        pytest.param(["org_acme"], id="Keycloak: a list of one"),
        pytest.param({"org_acme": {}}, id="Keycloak: a map with one key"),
        pytest.param([{"org_acme": {"id": "42"}}], id="Keycloak: a list with a map of one"),
    ],
)
def test_one_organisation_is_found_in_every_shape(claim: object) -> None:
    assert subject(org_id=claim).organisation == "org_acme"
    assert subject(qualify=True, org_id=claim).organisation == "partners/org_acme"


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(["org_acme", "org_zeta"], id="two in a list"),
        pytest.param(["org_acme", "org_acme"], id="the same twice"),
        pytest.param({"org_acme": {}, "org_zeta": {}}, id="two in a map"),
        pytest.param([{"org_acme": {}, "org_zeta": {}}], id="two in a map in a list"),
        pytest.param([["org_acme"]], id="a list in a list"),
        pytest.param([], id="an empty list"),
        pytest.param({}, id="an empty map"),
        pytest.param(None, id="null"),
        pytest.param("", id="an empty string"),
        pytest.param(7, id="a number"),
        pytest.param(True, id="a boolean"),
        pytest.param("org\nacme", id="a control character"),
        pytest.param("org_acme\u200b", id="a character that nobody sees"),
        pytest.param("o" * 257, id="too long"),
        pytest.param([{"org\x00acme": {}}], id="a control character inside Keycloak's shape"),
    ],
)
def test_none_or_several_or_unreadable_organisations_are_none(claim: object) -> None:
    assert subject(org_id=claim).organisation is None
    assert subject(qualify=True, org_id=claim).organisation is None


def test_the_first_issuer_cannot_speak_for_an_organisation_of_another() -> None:
    assert subject(qualify=True, org_id="org_acme").organisation == "partners/org_acme"
    assert subject(qualify=False, org_id="partners/org_acme").organisation is None


@pytest.mark.parametrize("value", [None, "", 5, "a\x00b", "s" * 257, ["alice"]])
def test_an_unreadable_subject_is_empty(value: object) -> None:
    assert subject(sub=value).subject_id == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["DE", "org_acme", "XXA"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["sub", "org_id", "jti", "us_person", "nationalities", "residence", "exp"])


@given(st.dictionaries(NAMES, JSON), st.booleans())
def test_no_payload_raises_and_every_text_is_plain(payload: dict[str, Any], qualify: bool) -> None:
    seen = subject_from(payload, issuer("partners"), qualify)
    texts = [text for text in (seen.subject_id, seen.organisation, seen.token_id, seen.residence) if text]
    assert all(text.isprintable() and len(text) <= 256 + len("partners/") for text in texts)
    assert type(seen.us_person) in {bool, type(None)}
    assert qualify or seen.organisation is None or "/" not in seen.organisation


def test_running_answers_end_with_the_token_only_where_its_issuer_says_so() -> None:
    assert subject_from(CLAIMS, issuer(leeway=5), qualify=False).cut_at == math.inf
    assert subject_from(CLAIMS, issuer(leeway=5, cut_at_expiry=True), qualify=False).cut_at == CLAIMS["exp"] + 5
