"""Tokens bound to a client certificate are good with that certificate alone, on every request, and nothing else in `cnf` is taken."""

import hashlib
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.certificates import Authority
from support.forge import NOW, Clock, Signer, issuer, key_set

from gateway.identity.binding import bound_to, is_shown, thumbprint_of
from gateway.identity.jwk import read_key_set
from gateway.identity.keyset import KeySet
from gateway.identity.verifier import NOT_SHOWN, Verifier
from gateway.policy.access import Subject
from gateway.policy.vocabulary import Reason
from gateway.settings.shape import Issuer

SIGNER = Signer()
MINE, OTHER = thumbprint_of(b"a certificate"), thumbprint_of(b"another")
BOUND = {"cnf": {"x5t#S256": MINE}}


def verifier_of(trusted: Issuer) -> Verifier:
    async def nothing(_url: str, _timeout: float) -> bytes:
        raise AssertionError("keys are there")

    keyset = KeySet(trusted, Clock(), nothing)
    keyset.ring = read_key_set(key_set(SIGNER), trusted.algorithms)
    keyset.loaded = True
    return Verifier([trusted], {trusted.name: keyset}, Clock())


@pytest.fixture
def verifier() -> Verifier:
    return verifier_of(issuer())


def test_the_thumbprint_is_that_of_rfc_8705(tmp_path: Path) -> None:
    certificate = Authority(tmp_path).client("partner").der
    assert urlsafe_b64decode(thumbprint_of(certificate) + "=") == hashlib.sha256(certificate).digest()
    assert thumbprint_of(None) == thumbprint_of(b"") == ""


def test_a_bound_token_is_good_with_its_certificate_only(verifier: Verifier) -> None:
    token = SIGNER.token(**BOUND)
    assert verifier.verify(token, NOW) is Reason.TOKEN_INVALID, "never as plain bearer"
    assert verifier.verify(token, NOW, OTHER) is Reason.TOKEN_INVALID
    assert isinstance(verifier.verify(token, NOW, MINE), Subject)


def test_what_is_remembered_of_it_lets_nobody_else_in(verifier: Verifier) -> None:
    token = SIGNER.token(**BOUND)
    first = verifier.verify(token, NOW, MINE)
    assert verifier.verify(token, NOW, OTHER) is Reason.TOKEN_INVALID
    assert verifier.verify(token, NOW, "") is Reason.TOKEN_INVALID
    assert verifier.verify(token, NOW, MINE) is first, "and those refusals spoil nothing"
    assert dict(verifier.counts) == {("main", "verified"): 1, ("main", "cached"): 1, ("main", NOT_SHOWN): 2}


def test_a_copy_without_the_certificate_costs_one_verification_only(verifier: Verifier) -> None:
    token = SIGNER.token(**BOUND)
    for _ in range(3):
        assert verifier.verify(token, NOW) is Reason.TOKEN_INVALID
    assert isinstance(verifier.verify(token, NOW, MINE), Subject)
    assert verifier.counts["main", "cached"] == 1, "it was remembered at its first sight"


def test_a_bearer_token_needs_no_certificate_and_is_not_hurt_by_one(verifier: Verifier) -> None:
    token = SIGNER.token()
    assert verifier.verify(token, NOW) is verifier.verify(token, NOW, OTHER)


async def test_callers_off_the_hot_path_prove_it_too(verifier: Verifier) -> None:
    token = SIGNER.token(**BOUND)
    assert await verifier.identify(token) is Reason.TOKEN_INVALID
    assert isinstance(await verifier.identify(token, MINE), Subject)


def test_an_issuer_can_be_held_to_bound_tokens() -> None:
    demanding = verifier_of(issuer(certificate_bound=True))
    assert demanding.verify(SIGNER.token(), NOW, MINE) is Reason.TOKEN_INVALID
    assert isinstance(demanding.verify(SIGNER.token(**BOUND), NOW, MINE), Subject)


ODD: list[Any] = [
    None,
    "",
    MINE,
    [],
    {},
    {"jkt": MINE},
    {"jkt": MINE, "x5t#S256": MINE},
    {"x5t#S256": MINE, "x5u": "https://keys.example.org"},
    {"x5t#s256": MINE},
    {"x5t": MINE},
    {"x5t#S256": ""},
    {"x5t#S256": MINE[:-1]},
    {"x5t#S256": MINE + "="},
    {"x5t#S256": MINE[:-1] + "+"},
    {"x5t#S256": MINE[:-1] + "\n"},
    {"x5t#S256": [MINE]},
    {"jwk": {"kty": "EC"}},
    {"kid": "k"},
]


@pytest.mark.parametrize("confirmation", ODD)
def test_anything_else_to_be_proved_cannot_be_and_is_refused(verifier: Verifier, confirmation: Any) -> None:
    assert bound_to({"cnf": confirmation}) is None
    if confirmation is not None:  # the forge leaves claims of None out
        assert verifier.verify(SIGNER.token(cnf=confirmation), NOW, MINE) is Reason.TOKEN_INVALID


@given(st.text(max_size=50), st.text(alphabet="AZaz09-_", max_size=43))
def test_only_the_same_thumbprint_is_shown(wanted: str, shown: str) -> None:
    if wanted.isascii():
        assert is_shown(wanted, shown) is (wanted == shown != "")
