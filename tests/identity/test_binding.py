"""Tokens bound to a certificate: what counts as bound, what is refused whatever is shown (RFC 8705, RFC 9449, RFC 7800)."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from msgspec import structs
from support.forge import CLAIMS, NOW, issuer

from gateway.identity.binding import bound_to, is_shown, thumbprint_of
from gateway.identity.claims import subject_from
from gateway.identity.rules import check_claims
from gateway.policy.vocabulary import Reason

CERTIFICATE = b"as DER"
THUMBPRINT = urlsafe_b64encode(hashlib.sha256(CERTIFICATE).digest()).rstrip(b"=").decode()
BOUND: dict[str, Any] = {"cnf": {"x5t#S256": THUMBPRINT}}


def test_a_certificate_is_named_by_its_digest() -> None:
    assert thumbprint_of(CERTIFICATE) == THUMBPRINT
    assert thumbprint_of(None) == ""
    assert is_shown(THUMBPRINT, THUMBPRINT)
    assert not is_shown(THUMBPRINT, "")
    assert not is_shown("", "")


def test_a_bound_token_says_so_in_its_subject() -> None:
    assert check_claims(CLAIMS | BOUND, issuer(), NOW.wall) is None
    assert subject_from(CLAIMS | BOUND, issuer(), qualify=False).bound_to == THUMBPRINT
    assert subject_from(CLAIMS, issuer(), qualify=False).bound_to == ""


@pytest.mark.parametrize(
    "confirmation",
    [
        pytest.param({"jkt": THUMBPRINT}, id="a key of DPoP"),
        pytest.param({"jwk": {}}, id="a key"),
        pytest.param({"x5t#S256": THUMBPRINT, "jkt": THUMBPRINT}, id="a certificate and a key"),
        pytest.param({"x5t#S256": THUMBPRINT + "="}, id="padding"),
        pytest.param({"x5t#S256": THUMBPRINT[:-1]}, id="too short"),
        pytest.param({"x5t#S256": ""}, id="empty"),
        pytest.param({"x5t#S256": [THUMBPRINT]}, id="a list"),
        pytest.param({}, id="nothing"),
        pytest.param(None, id="null"),
        pytest.param(THUMBPRINT, id="a text"),
    ],
)
def test_what_cannot_be_checked_here_is_no_token(confirmation: object) -> None:
    assert bound_to({"cnf": confirmation}) is None
    assert check_claims(CLAIMS | {"cnf": confirmation}, issuer(), NOW.wall) is Reason.TOKEN_INVALID


def test_an_issuer_can_be_held_to_bound_tokens() -> None:
    strict = structs.replace(issuer(), certificate_bound=True)
    assert check_claims(CLAIMS, strict, NOW.wall) is Reason.TOKEN_INVALID
    assert check_claims(CLAIMS | BOUND, strict, NOW.wall) is None
