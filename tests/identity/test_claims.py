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
NAMES = st.sampled_from(["sub", "org_id", "jti", "us_person", "nationalities", "residence", "exp", "verified_claims", "owners"])


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


def verified(**claims: Any) -> dict[str, Any]:
    return {"verification": {"trust_framework": "eidas"}, "claims": claims}


def test_all_that_a_token_says_counts_wherever_it_says_it() -> None:
    seen = subject(nationalities=["FR"], us_person=True, residence="FR", verified_claims=[verified(nationalities=["DE"]), verified()])
    assert (seen.nationalities.known, seen.us_person, seen.residence) == (("FR", "DE"), True, "FR")
    assert [one.source for one in seen.statements] == ["self_asserted", "verified_claims[0]", "verified_claims[1]"]
    assert seen.provenance == {"FR": ("self_asserted",), "DE": ("verified_claims[0]",)}


def test_without_verified_claims_everything_is_self_asserted() -> None:
    seen = subject(nationalities=["FR"])
    assert (seen.statements, seen.provenance) == ((), {"FR": ("self_asserted",)})


def test_a_claim_that_is_missing_at_the_top_does_not_make_a_verified_one_unknown_but_an_unreadable_one_does() -> None:
    assert subject(verified_claims=verified(nationalities=["DE"])).nationalities.unknown is False
    assert subject(nationalities=[], verified_claims=verified(nationalities=["DE"])).nationalities.unknown is False
    assert subject(nationalities=["XXA"], verified_claims=verified(nationalities=["DE"])).nationalities.unknown is True


@pytest.mark.parametrize(
    ("top", "inside", "us_person"),
    [(True, None, True), (None, True, True), (True, True, True), (True, False, False), (False, True, False), ("yes", True, True)],
)
def test_any_no_outweighs_every_yes(top: object, inside: object, us_person: bool) -> None:
    assert subject(us_person=top, verified_claims=verified(us_person=inside)).us_person is us_person


def test_residences_that_contradict_are_none() -> None:
    assert subject(residence="FR", verified_claims=verified(residence="DE")).residence is None
    assert subject(residence="FR", verified_claims=verified(residence="FRA")).residence == "FR"


@pytest.mark.parametrize("path", ["", "/elsewhere"])
def test_verified_claims_are_read_where_the_settings_say(path: str) -> None:
    seen = subject(paths=Claims(nationalities="/nationalities", verified_claims=path), verified_claims=verified(nationalities=["DE"]))
    assert seen.statements == ()


@pytest.mark.parametrize(
    ("claim", "shares"),
    [
        ([{"country": "US", "percent": 60}, {"country": "DEU", "percent": 20.5}], (("DE", 20.5), ("US", 60.0))),
        ([{"country": "US", "percent": 60}, {"country": "XX", "percent": 40}], (("US", 60.0),)),
        ([{"country": "US", "percent": 60, "name": "Somebody"}], (("US", 60.0),)),
    ],
)
def test_owners_are_added_up_and_those_of_no_readable_country_are_nobody(claim: object, shares: tuple[tuple[str, float], ...]) -> None:
    found = subject(paths=Claims(ownership="/owners"), owners=claim).ownership
    assert found is not None
    assert found.shares == shares


@pytest.mark.parametrize(
    "claim",
    [
        *(None, [], {}, "US", [{"country": "US"}], [{"percent": 5}], ["US"], [{"country": "US", "percent": True}]),
        *([{"country": "US", "percent": "60"}], [{"country": "US", "percent": 10**400}], [{"country": "US", "percent": -1}]),
        [{"country": "US", "percent": 60}, {"country": "FR", "percent": 60}],
    ],
)
def test_owners_that_cannot_be_are_unknown(claim: object) -> None:
    assert subject(paths=Claims(ownership="/owners"), owners=claim).ownership is None
    assert subject(owners=claim).ownership is None


@pytest.mark.parametrize(("tenant", "accepted"), [("login.example.org", True), ("example", False), ("", False), (None, False), (7, False)])
def test_a_tenant_must_stand_in_the_issuer(tenant: object, accepted: bool) -> None:
    assert bool(subject(paths=Claims(tenant="/tid"), tid=tenant).subject_id) is accepted
