"""One key, one algorithm; what may not verify is left out, with a reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.forge import Signer, key_set, segment

from gateway.identity.jwk import EMPTY_RING, MAX_KEYS, KeyRing, KeySetError, read_key_set

ALL = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


def ring(*entries: Signer | dict[str, Any], algorithms: tuple[str, ...] = ALL) -> KeyRing:
    return read_key_set(key_set(*entries), algorithms)


def left_out(entry: dict[str, Any], algorithms: tuple[str, ...] = ALL) -> str:
    """Read a set with this one key, which must not be used; say why."""
    seen = ring(entry, algorithms=algorithms)
    assert seen.keys == ()
    return seen.problems[0]


@pytest.mark.parametrize("algorithm", ALL)
def test_a_published_key_verifies_what_its_issuer_signed(algorithm: str) -> None:
    signer = Signer(algorithm=algorithm)
    key = ring(signer).find("k1", algorithm)
    assert key is not None
    signing_input, _, signature = signer.token().rpartition(b".")
    genuine = signer._sign.sign(signing_input, signer.key)  # noqa: SLF001  # the test's own signer
    assert key.verifies(signing_input, genuine)
    assert not key.verifies(signing_input + b"x", genuine)
    assert not key.verifies(signing_input, signature), "the text of a signature is not the signature"
    assert not key.verifies(signing_input, b"")


def test_a_key_is_for_one_algorithm_only() -> None:
    seen = ring(Signer(algorithm="PS256"))
    assert seen.find("k1", "PS256") is not None
    assert seen.find("k1", "RS256") is None


def test_an_rsa_key_that_names_no_algorithm_takes_the_issuers_first_one() -> None:
    nameless = Signer(algorithm="RS256").jwk(alg=None)
    assert [key.algorithm for key in ring(nameless, algorithms=("ES256", "PS384", "RS256")).keys] == ["PS384"]


@pytest.mark.parametrize(
    ("algorithm", "wrong"), [("ES256", "ES384"), ("RS256", "ES256"), ("EdDSA", "RS256"), ("ES256", "HS256"), ("RS256", "none")]
)
def test_an_algorithm_that_does_not_fit_the_key_leaves_it_out(algorithm: str, wrong: str) -> None:
    assert "algorithms" in left_out(Signer(algorithm=algorithm).jwk(alg=wrong))


def test_an_algorithm_that_is_not_configured_leaves_the_key_out() -> None:
    assert "configured" in left_out(Signer(algorithm="ES256").jwk(), algorithms=("RS256",))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"use": "enc"}, "not for signatures", id="a key for encryption"),
        pytest.param({"use": 5}, "not for signatures", id="an odd use"),
        pytest.param({"key_ops": ["sign"]}, "not for signatures", id="key_ops without verify"),
        pytest.param({"key_ops": "verify"}, "not for signatures", id="key_ops that is no list"),
        pytest.param({"d": "QQ"}, "private", id="a private key"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0"}, "kty must be", id="a shared secret"),
        pytest.param({"kty": "EC2"}, "kty must be", id="an unknown type"),
        pytest.param({"kty": 1}, "kty must be", id="an odd type"),
        pytest.param({"kid": 7}, "kid must be", id="a kid that is no string"),
        pytest.param({"kid": "k" * 129}, "kid must be", id="a kid of 129 characters"),
        pytest.param({"crv": "secp256k1"}, "curve", id="a curve that nobody configured"),
        pytest.param({"crv": "P-384"}, "curve", id="another curve than its alg's"),
        pytest.param({"x": segment(bytes(32)).decode()}, "make no key", id="a point that is not on the curve"),
        pytest.param({"x": "QQ"}, "make no key", id="a short coordinate"),
        pytest.param({"x": "Q=Q="}, "base64url", id="padding in a coordinate"),
        pytest.param({"x": None}, "base64url", id="a coordinate missing"),
        pytest.param({"x": 5}, "base64url", id="a coordinate that is a number"),
        pytest.param({"x": "\u00e9"}, "base64url", id="a coordinate that is not ASCII"),
    ],
)
def test_a_key_that_may_not_verify_is_left_out(changes: dict[str, Any], problem: str) -> None:
    assert problem in left_out(Signer().jwk(**changes))


def test_a_key_for_verifying_says_so_in_key_ops() -> None:
    assert ring(Signer().jwk(key_ops=["verify"], use=None)).knows("k1")


@pytest.mark.parametrize("kind", ["RSA-1024", "RSA-2040"])
def test_a_weak_rsa_key_is_left_out(kind: str) -> None:
    assert "2048" in left_out(Signer(algorithm="RS256", kind=kind).jwk())


def test_an_enormous_rsa_exponent_is_left_out() -> None:
    assert left_out(Signer(algorithm="RS256").jwk(e=segment(b"\x01" + bytes(31) + b"\x01").decode()))


def test_keys_that_share_a_kid_are_all_left_out() -> None:
    seen = ring(Signer("a", number=1), Signer("a", algorithm="RS256"), Signer("b", number=2))
    assert [key.kid for key in seen.keys] == ["b"]
    assert seen.problems == ("2 keys share one kid: none of them is used",)


def test_a_bad_key_does_not_take_the_good_ones_with_it() -> None:
    seen = ring({"kty": "oct", "kid": "a", "k": "QQ"}, Signer("b"))
    assert [key.kid for key in seen.keys] == ["b"]
    assert len(seen.problems) == 1


def test_without_a_kid_the_only_key_for_the_algorithm_is_meant_never_one_of_several() -> None:
    assert ring(Signer("a"), Signer("b", "RS256")).find(None, "ES256") is not None
    assert ring(Signer("a"), Signer("b", number=1)).find(None, "ES256") is None
    assert EMPTY_RING.find(None, "ES256") is None


def test_a_key_without_kid_is_found_only_by_tokens_without_kid() -> None:
    seen = ring(Signer(None))
    assert seen.find(None, "ES256") is not None
    assert seen.find("k1", "ES256") is None


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":[],"keys":[]}',
        b'{"keys":"' + b"x" * 10 + b'"',
        b"<html>",
        '{"keys":[]}'.encode("utf-16"),
        b'{"keys":[' + b"{}," * MAX_KEYS + b"{}]}",
    ],
)
def test_a_document_that_is_no_key_set_is_an_error(document: bytes) -> None:
    with pytest.raises(KeySetError, match=r"JWK Set"):
        read_key_set(document, ALL)


def test_equal_keys_are_equal_rings_whatever_else_the_document_says() -> None:
    assert ring(Signer("a"), Signer("b", number=1)).identity == ring(Signer("b", number=1), Signer("a").jwk(x5t="t")).identity
    assert ring(Signer("a")).identity != ring(Signer("a", number=1)).identity


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
JSON: st.SearchStrategy[object] = st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT, max_size=2) | st.just({})
MEMBERS = ["kty", "kid", "use", "key_ops", "alg", "crv", "x", "y", "n", "e", "d"]


@given(st.sampled_from(["ES256", "RS256", "EdDSA"]), st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4))
def test_no_key_raises(algorithm: str, changes: dict[str, Any]) -> None:
    seen = ring({**Signer(algorithm=algorithm).jwk(), **changes})
    assert len(seen.keys) + len(seen.problems) == 1
