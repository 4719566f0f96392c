"""The rules on header and claims, each by itself; `test_whose_token` shows them on whole tokens."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.forge import AUDIENCE, CLAIMS, NOW, issuer

from gateway.identity.rules import ISSUED_AHEAD, check_claims, check_header, is_identifier
from gateway.policy.vocabulary import Reason

EXPIRY = CLAIMS["exp"]


def checked(wall: float = NOW.wall, leeway: float = 0.0, **claims: Any) -> Reason | None:
    return check_claims({**CLAIMS, **claims}, issuer(leeway=leeway), wall)


def test_a_token_is_good_until_the_second_that_it_names() -> None:
    assert checked(wall=EXPIRY - 0.001) is None
    assert checked(wall=EXPIRY) is Reason.TOKEN_EXPIRED


def test_leeway_moves_both_ends() -> None:
    assert checked(wall=EXPIRY + 9.9, leeway=10) is None
    assert checked(wall=EXPIRY + 10, leeway=10) is Reason.TOKEN_EXPIRED
    assert checked(nbf=NOW.wall + 10, leeway=10) is None
    assert checked(nbf=NOW.wall + 10.1, leeway=10) is Reason.TOKEN_INVALID


def test_an_issuers_clock_may_run_a_little_ahead() -> None:
    assert checked(iat=NOW.wall + ISSUED_AHEAD) is None
    assert checked(iat=NOW.wall + ISSUED_AHEAD + 1) is Reason.TOKEN_INVALID


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["other", AUDIENCE]])
def test_the_audience_must_name_us(audience: object) -> None:
    assert checked(aud=audience) is None


@pytest.mark.parametrize(
    "audience", ["other", "", [], None, 5, {AUDIENCE: 1}, [AUDIENCE, 5], [[AUDIENCE]], AUDIENCE + "/", AUDIENCE.upper()]
)
def test_any_other_audience_is_not_ours(audience: object) -> None:
    assert checked(aud=audience) is Reason.TOKEN_INVALID


def test_an_issuer_without_audiences_accepts_nothing() -> None:
    assert check_claims(CLAIMS, issuer(audience=()), NOW.wall) is Reason.TOKEN_INVALID


def test_identifiers_are_printable_and_bounded() -> None:
    assert is_identifier("auth0|5f7c8ec7c33c6c004bbafe82")
    assert is_identifier("a" * 256)
    assert not any(map(is_identifier, ["", "a" * 257, "a\n", "\x7f", "\u202ea", "\ufeffa", b"a", 1, None]))


def test_a_header_needs_no_more_than_its_algorithm() -> None:
    assert check_header({"alg": "ES256"}) is None
    assert check_header({"alg": "ES256", "typ": "at+jwt", "kid": "k" * 128, "x5t": "seen at Entra, and ignored"}) is None


@pytest.mark.parametrize("kid", ["", "k" * 129, "a\n", "a\0", "\u202ea", 1, None, ["k"]])
def test_a_key_id_is_printable_and_bounded(kid: object) -> None:
    assert check_header({"alg": "ES256", "kid": kid}) is Reason.TOKEN_INVALID


@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "cty", "crit"]), st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text())
    )
)
def test_no_header_raises(header: dict[str, Any]) -> None:
    assert check_header(header) in {None, Reason.TOKEN_INVALID}
    assert check_header({**header, "zip": "DEF"}) is Reason.TOKEN_INVALID


@given(
    st.dictionaries(
        st.sampled_from(["exp", "nbf", "iat", "aud", "jti"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.text()),
    )
)
def test_no_claims_raise_and_none_pass_without_an_integer_expiry_in_the_future(claims: dict[str, Any]) -> None:
    verdict = checked(**claims)
    expiry = claims.get("exp", EXPIRY)
    assert verdict is not None or (type(expiry) is int and expiry > NOW.wall)
