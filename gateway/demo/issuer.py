"""A token issuer for demonstrations and tests: one key pair in a directory, its JWK Set in a file, tokens on request."""

import json
import os
import secrets
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, Self

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ISSUER: Final = "https://issuer.demo.example"
AUDIENCE: Final = "model-gateway"

Algorithm = Literal["ES256", "RS256"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class DemoIssuer:
    """Signs tokens with a key kept in `directory` (made at the first start: key 0600, directory 0700); `jwks_file` is what a gate reads."""

    def __init__(
        self,
        directory: Path,
        *,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        algorithm: Algorithm = "ES256",
        key_file: Path | None = None,
        publish: bool = True,
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self.algorithm: Algorithm = algorithm
        self.key_file = key_file or directory / f"issuer-{algorithm.lower()}.pem"
        self.jwks_file = directory / "jwks.json"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key = _read_key(self.key_file, algorithm) if self.key_file.exists() else _make_key(self.key_file, algorithm)
        self.key_id = f"demo-{_thumbprint(self._key, algorithm)[:12]}"
        if publish:
            _publish(self.jwks_file, json.dumps(self.jwks, indent=2).encode())

    def __repr__(self) -> str:
        return f"DemoIssuer({self.issuer} {self.algorithm} {self.key_id})"

    @classmethod
    def with_key(cls, key_file: Path, *, issuer: str = ISSUER, audience: str = AUDIENCE) -> Self:
        """Sign with a key that is already there and write nothing; raises OSError, or ValueError where it is of another kind."""
        kind = type(serialization.load_pem_private_key(key_file.read_bytes(), password=None))
        algorithm: Algorithm = "RS256" if issubclass(kind, rsa.RSAPrivateKey) else "ES256"
        return cls(key_file.parent, issuer=issuer, audience=audience, algorithm=algorithm, key_file=key_file, publish=False)

    @property
    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public half, as RFC 7517 spells it."""
        return {"keys": [_public_jwk(self._key, self.algorithm) | {"kid": self.key_id, "alg": self.algorithm, "use": "sig"}]}

    def mint(self, *, lifetime: float = 3600.0, headers: Mapping[str, Any] | None = None, **claims: object) -> str:
        """Make a token that lives `lifetime` seconds; `claims` join or replace the standard ones, None leaves one out."""
        now = int(time.time())
        standard: dict[str, object] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": "demo-user",
            "iat": now,
            "exp": now + int(lifetime),
            "jti": secrets.token_hex(8),
        }
        payload = {name: value for name, value in (standard | claims).items() if value is not None}
        return jwt.encode(payload, self._key, algorithm=self.algorithm, headers={"kid": self.key_id} | dict(headers or {}))


def _make_key(path: Path, algorithm: Algorithm) -> PrivateKey:
    key: PrivateKey = (
        ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write_whole(path, pem, 0o600)
    return key


def _read_key(path: Path, algorithm: Algorithm) -> PrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if algorithm == "ES256" and isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    if algorithm == "RS256" and isinstance(key, rsa.RSAPrivateKey):
        return key
    raise ValueError(f"{path} holds no private key for {algorithm}")


def _public_jwk(key: PrivateKey, algorithm: Algorithm) -> dict[str, Any]:
    written = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {name: value for name, value in written.items() if name != "key_ops"}


def _thumbprint(key: PrivateKey, algorithm: Algorithm) -> str:
    """Name a key by its content, so that a new key never comes under an old name (in the spirit of RFC 7638)."""
    required = json.dumps(_public_jwk(key, algorithm), sort_keys=True, separators=(",", ":"))
    return sha256(required.encode()).hexdigest()


def _publish(path: Path, content: bytes) -> None:
    """Write the key set only where it changes: a gate that watches the file need not read it again."""
    if not path.exists() or path.read_bytes() != content:
        _write_whole(path, content, 0o644)


def _write_whole(path: Path, content: bytes, mode: int) -> None:
    """Put a file in place in one step, never readable more widely than `mode`."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
    part.replace(path)
