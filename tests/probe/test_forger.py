"""Forged tokens are signed as honest ones are."""

from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gateway.errors import CommandError
from gateway.probe.forger import Forger, PrivateKey

KEYS: dict[str, PrivateKey] = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def written(path: Path, key: PrivateKey) -> Path:
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_signature_holds(algorithm: str, tmp_path: Path) -> None:
    forger = Forger.read(written(tmp_path / "key.pem", KEYS[algorithm]))
    token = forger.sign(f'{{"alg":"{algorithm}"}}'.encode(), b'{"sub":"a"}')
    assert jwt.decode(token, KEYS[algorithm].public_key(), algorithms=[algorithm]) == {"sub": "a"}
    assert jwt.get_unverified_header(forger.shared_secret_twin(b"{}"))["alg"] == "HS256"


def test_what_is_no_key_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--issuer-key"):
        Forger.read(tmp_path / "nothing.pem")
    with pytest.raises(CommandError, match="P-256, RSA and Ed25519"):
        Forger.read(written(tmp_path / "key.pem", ec.generate_private_key(ec.SECP384R1())))
