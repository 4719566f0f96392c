"""The gate's own signature on what it lets through: a short-lived JWT (ES256) by which an upstream can refuse everything else.

It names the decision, the organisation, the model and the revision of the policy, and, as its audience, the upstream. The upstream
verifies it with the gate's published keys, and remembers each `jti` until `exp` to refuse a second use.
"""

import hashlib
import itertools
import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any, Final

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import Struct

from gateway.errors import SettingsError
from gateway.settings.shape import Assertion

TYPE: Final = "gateway-assertion+jwt"
_MAKE: Final = "openssl ecparam -name prime256v1 -genkey -noout -out assertion.pem"
_ALGORITHM: Final = ECDSA(SHA256())
_HALF: Final = 32  # bytes of each of the two numbers in a signature (RFC 7518 section 3.4)


class Statement(Struct, frozen=True):
    """What is signed. `audience` is the upstream's name; `decision_id` that of the request's decision."""

    audience: str
    decision_id: str
    organisation: str
    issuer: str
    model: str
    revision: int


class AssertionSigner:
    """Signs with the present key, publishes it and one other. SettingsError names a file that cannot be used, never what is in it."""

    def __init__(self, settings: Assertion) -> None:
        self._issuer = settings.issuer
        self._lifetime = int(settings.lifetime)
        self._key = _private_key(settings.key_file)
        self.jwks = published_keys(settings)
        self._kid = str(self.jwks["keys"][0]["kid"])
        self._head = _segment(json.dumps({"alg": "ES256", "kid": self._kid, "typ": TYPE}).encode()) + b"."
        self._numbers = itertools.count(1)

    def __repr__(self) -> str:
        return f"<AssertionSigner {self._kid}>"

    def sign(self, statement: Statement, wall: float) -> bytes:
        """Sign the statement, good from `wall` (epoch seconds) for the configured lifetime; no two have the same `jti`."""
        now = int(wall)
        claims = {
            "iss": self._issuer,
            "aud": statement.audience,
            "iat": now,
            "exp": now + self._lifetime,
            "jti": f"{statement.decision_id}.{next(self._numbers)}",
            "decision_id": statement.decision_id,
            "organisation": statement.organisation,
            "organisation_issuer": statement.issuer,
            "model": statement.model,
            "revision": statement.revision,
        }
        signed = self._head + _segment(msgspec.json.encode(claims))
        first, second = decode_dss_signature(self._key.sign(signed, _ALGORITHM))
        return signed + b"." + _segment(first.to_bytes(_HALF, "big") + second.to_bytes(_HALF, "big"))


def published_keys(settings: Assertion) -> dict[str, Any]:
    """Give the JWK Set (RFC 7517) of the key that signs and of the other one. SettingsError names a file that cannot be used."""
    keys = [_jwk(_private_key(settings.key_file).public_key())]
    if settings.other_key_file:
        keys.append(_jwk(_public_key(settings.other_key_file)))
    return {"keys": keys}


def _private_key(file: str) -> EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(_content(file, "assertion.key_file"), password=None)
    except (ValueError, TypeError):
        raise SettingsError(f"assertion.key_file: {file} holds no unencrypted private key in PEM. Make one: {_MAKE}") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise SettingsError(f"assertion.key_file: the key in {file} is not on P-256. Make one: {_MAKE}")
    return key


def _public_key(file: str) -> EllipticCurvePublicKey:
    content = _content(file, "assertion.other_key_file")
    try:
        if b"PRIVATE KEY" not in content:
            key: object = serialization.load_pem_public_key(content)
        else:
            key = serialization.load_pem_private_key(content, password=None).public_key()
    except (ValueError, TypeError):
        raise SettingsError(f"assertion.other_key_file: {file} holds no unencrypted key in PEM, public or private") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise SettingsError(f"assertion.other_key_file: the key in {file} is not on P-256. Make one: {_MAKE}")
    return key


def _content(file: str, setting: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise SettingsError(f"{setting}: {file} cannot be read: {error.strerror}") from None


def _jwk(key: EllipticCurvePublicKey) -> dict[str, Any]:
    """Write a public key as a JWK, its `kid` the thumbprint (RFC 7638)."""
    jwk: dict[str, Any] = jwt.algorithms.ECAlgorithm.to_jwk(key, as_dict=True)
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    digest = hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    return members | {"alg": "ES256", "use": "sig", "kid": _segment(digest).decode()}


def _segment(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")
