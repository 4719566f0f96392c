"""Who signs tokens with each algorithm that the gate takes, and the one key set that knows all of them."""

import json
import time
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from bench.call import ORGANISATION
from gateway.demo.issuer import DemoIssuer

ALGORITHMS: Final = ("ES256", "RS256", "EdDSA")
_LIFETIME: Final = 3600
_PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class Signer:
    """One fresh key (P-256, RSA of 2,048 bits, Ed25519); tokens in the name of the site's issuer, for the calls' organisation."""

    def __init__(self, algorithm: str, issuer: DemoIssuer) -> None:
        self.algorithm = algorithm
        self._issuer = issuer
        self._key = _fresh_key(algorithm)
        self._numbers = 0

    def __repr__(self) -> str:
        return f"<Signer {self.algorithm}>"

    @property
    def jwk(self) -> dict[str, object]:
        """The public half (RFC 7517)."""
        written = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self._key.public_key(), as_dict=True)
        return {name: value for name, value in written.items() if name != "key_ops"} | {"kid": self.algorithm, "alg": self.algorithm}

    def mint(self) -> str:
        """A token that nobody has seen."""
        self._numbers += 1
        now = int(time.time())
        claims = {
            "iss": self._issuer.issuer,
            "aud": self._issuer.audience,
            "sub": f"person-{self._numbers}",
            "iat": now,
            "exp": now + _LIFETIME,
            "jti": f"{self.algorithm}-{self._numbers}",
            "org_id": ORGANISATION,
            "nationalities": ["DE"],
        }
        return jwt.encode(claims, self._key, algorithm=self.algorithm, headers={"kid": self.algorithm})


def key_set(file: Path, issuer: DemoIssuer, signers: list[Signer]) -> Path:
    """Write one JWK Set of the site's issuer and all signers."""
    file.write_text(json.dumps({"keys": [*issuer.jwks["keys"], *(signer.jwk for signer in signers)]}))
    return file


def _fresh_key(algorithm: str) -> _PrivateKey:
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ed25519.Ed25519PrivateKey.generate()
