"""The gate's own signature: PyJWT and the published keys verify it, and nothing else passes for it."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from msgspec import structs

from gateway.errors import SettingsError
from gateway.identity.assertion import TYPE, AssertionSigner, Statement, published_keys
from gateway.settings.shape import Assertion

WALL = 1_800_000_000.9
STATEMENT = Statement("lab", "0123456789abcdef00000001", "org_acme", "main", "gpt-5.6", 7)


def written(file: Path, *, public: bool = False, curve: ec.EllipticCurve | None = None) -> str:
    """Put a fresh key into a file."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    file.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) if public else private)
    return str(file)


@pytest.fixture
def settings(tmp_path: Path) -> Assertion:
    return Assertion(key_file=written(tmp_path / "now.pem"), other_key_file=written(tmp_path / "other.pem"), lifetime=30)


def verified(token: bytes, keys: dict[str, Any], audience: str = "lab") -> dict[str, Any]:
    """Verify as an upstream would, at the time of the signature."""
    header = jwt.get_unverified_header(token)
    assert header["typ"] == TYPE
    key = jwt.PyJWKSet.from_dict(keys)[header["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["ES256"], audience=audience, issuer="gateway", options={"verify_exp": False, "verify_iat": False}
    )
    return claims


def test_it_says_what_was_decided_for_whom_and_for_how_long(settings: Assertion) -> None:
    signer = AssertionSigner(settings)
    claims = verified(signer.sign(STATEMENT, WALL), signer.jwks)
    jti = claims.pop("jti")
    assert jti.startswith(STATEMENT.decision_id)
    assert claims == {
        "iss": "gateway",
        "aud": "lab",
        "iat": 1_800_000_000,
        "exp": 1_800_000_030,
        "decision_id": STATEMENT.decision_id,
        "organisation": "org_acme",
        "organisation_issuer": "main",
        "model": "gpt-5.6",
        "revision": 7,
    }


def test_no_two_are_the_same_even_for_one_decision(settings: Assertion) -> None:
    signer = AssertionSigner(settings)
    first, second = (verified(signer.sign(STATEMENT, WALL), signer.jwks) for _ in range(2))
    assert first["jti"] != second["jti"]
    assert first["decision_id"] == second["decision_id"]


def test_hundreds_of_signatures_verify(settings: Assertion) -> None:
    signer = AssertionSigner(settings)
    for revision in range(300):  # numbers of the signature that begin with zeros are padded
        claims = verified(signer.sign(structs.replace(STATEMENT, revision=revision), WALL), signer.jwks)
        assert claims["revision"] == revision


def test_another_upstream_refuses_it(settings: Assertion) -> None:
    signer = AssertionSigner(settings)
    with pytest.raises(jwt.InvalidAudienceError):
        verified(signer.sign(STATEMENT, WALL), signer.jwks, audience="elsewhere")


def test_a_key_is_known_before_it_signs_and_after(settings: Assertion) -> None:
    before = AssertionSigner(settings)
    after = AssertionSigner(structs.replace(settings, key_file=settings.other_key_file, other_key_file=settings.key_file))
    old, new = before.sign(STATEMENT, WALL), after.sign(STATEMENT, WALL)
    for keys in (before.jwks, after.jwks):
        assert verified(old, keys)["jti"]
        assert verified(new, keys)["jti"]
    assert jwt.get_unverified_header(old)["kid"] != jwt.get_unverified_header(new)["kid"]


def test_what_is_published_is_public(settings: Assertion, tmp_path: Path) -> None:
    keys = published_keys(structs.replace(settings, other_key_file=written(tmp_path / "public.pem", public=True)))
    assert [set(key) for key in keys["keys"]] == [{"kty", "crv", "x", "y", "alg", "use", "kid"}] * 2
    assert "PRIVATE" not in json.dumps(keys)


@pytest.mark.parametrize("setting", ["key_file", "other_key_file"])
def test_a_key_that_cannot_be_used_is_named_and_not_shown(settings: Assertion, tmp_path: Path, setting: str) -> None:
    odd = tmp_path / "odd.pem"
    other_kind = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"s3cret", other_kind, Path(written(odd, curve=ec.SECP384R1())).read_bytes()):
        odd.write_bytes(content)
        with pytest.raises(SettingsError, match=rf"assertion\.{setting}: ") as refused:
            AssertionSigner(structs.replace(settings, **{setting: str(odd)}))
        assert str(odd) in str(refused.value)
        assert "s3cret" not in str(refused.value)
    odd.unlink()
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        AssertionSigner(structs.replace(settings, **{setting: str(odd)}))


def test_only_a_private_key_signs(settings: Assertion, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no unencrypted private key"):
        AssertionSigner(structs.replace(settings, key_file=written(tmp_path / "public.pem", public=True)))


def test_its_face_tells_the_key_id_alone(settings: Assertion) -> None:
    signer = AssertionSigner(settings)
    assert repr(signer) == f"<AssertionSigner {signer.jwks['keys'][0]['kid']}>"
