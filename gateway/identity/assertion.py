"""The gate's own signature on what it lets through: a short-lived JWT (ES256) by which an upstream can refuse everything else.

It names the decision, so that it is good for one request; the organisation, the model and the revision of the policy; and, as its
audience, the upstream. The upstream verifies it with the gate's published keys, and remembers `jti` until `exp` to refuse a replay.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from msgspec import Struct

from gateway.errors import SettingsError
from gateway.settings.shape import Assertion

TYPE: Final = "gateway-assertion+jwt"
HEADER: Final = "x-gateway-assertion"


class Statement(Struct, frozen=True):
    """What is signed. `audience` is the upstream's name; `decision_id` that of the request's decision."""

    audience: str
    decision_id: str
    organisation: str
    model: str
    revision: int


class AssertionSigner:
    """Signs with the present key, publishes it and the one before. SettingsError names a file that cannot be used."""

    def __init__(self, settings: Assertion) -> None:
        self._settings = settings
        self._key = _read(settings.key_file, "assertion.key_file")
        own = _public(self._key)
        self._headers = {"kid": own["kid"], "typ": TYPE}
        previous = [_public(_read(settings.previous_key_file, "assertion.previous_key_file"))] if settings.previous_key_file else []
        self.jwks = {"keys": [own, *previous]}

    def __repr__(self) -> str:
        return f"<AssertionSigner {self._headers['kid']}>"

    def sign(self, statement: Statement, wall: float) -> str:
        """Give the signed statement, good from `wall` (epoch seconds) for the configured lifetime."""
        now = int(wall)
        claims = {
            "iss": self._settings.issuer,
            "aud": statement.audience,
            "iat": now,
            "exp": now + max(1, int(self._settings.lifetime)),
            "jti": statement.decision_id,
            "organisation": statement.organisation,
            "model": statement.model,
            "revision": statement.revision,
        }
        return jwt.encode(claims, self._key, algorithm="ES256", headers=self._headers)


def _read(file: str, where: str) -> EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(Path(file).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(f"{where}: cannot use {file}: {type(error).__name__}. It must be a readable, unencrypted PEM file") from error
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise SettingsError(f"{where}: {file} holds no private key on P-256. Make one: openssl ecparam -name prime256v1 -genkey -noout")
    return key


def _public(key: EllipticCurvePrivateKey) -> dict[str, Any]:
    """Give the public part as a JWK, its `kid` the thumbprint (RFC 7638)."""
    jwk: dict[str, Any] = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    digest = hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    return members | {"alg": "ES256", "use": "sig", "kid": urlsafe_b64encode(digest).rstrip(b"=").decode()}
