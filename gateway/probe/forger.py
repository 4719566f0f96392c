"""Signs as the issuer, with the issuer's own key: any bytes, so that a gateway's reading of signed tokens can be tried."""

import hashlib
import hmac
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gateway.errors import CommandError
from gateway.probe.kinds.tokens import segment

TWIN = b'{"alg":"HS256","typ":"JWT"}'

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class Forger:
    """Holds a private key: EC P-256 (ES256), RSA (RS256) or Ed25519 (EdDSA)."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"<Forger {type(self._key).__name__}>"

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a PEM file. Raises CommandError that says what is expected."""
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise CommandError(f"--issuer-key: {path} cannot be read as a private key in PEM ({type(error).__name__})") from None
        if isinstance(key, ec.EllipticCurvePrivateKey) and not isinstance(key.curve, ec.SECP256R1):
            raise CommandError(f"--issuer-key: {path} is of curve {key.curve.name}; P-256, RSA and Ed25519 are known here")
        if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
            raise CommandError(f"--issuer-key: {path} is of another kind; P-256, RSA and Ed25519 are known here")
        return cls(key)

    def sign(self, header: bytes, payload: bytes) -> bytes:
        """Give the token of exactly these bytes (RFC 7515 section 7.1)."""
        signed = f"{segment(header)}.{segment(payload)}".encode()
        return signed + b"." + segment(self._signature(signed)).encode()

    def shared_secret_twin(self, payload: bytes) -> bytes:
        """Give a token signed by HS256 with the published key's PEM for a secret."""
        public = self._key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        signed = f"{segment(TWIN)}.{segment(payload)}".encode()
        return signed + b"." + segment(hmac.digest(public, signed, hashlib.sha256)).encode()

    def _signature(self, signed: bytes) -> bytes:
        match self._key:
            case ec.EllipticCurvePrivateKey():
                r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
            case rsa.RSAPrivateKey():
                return self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
            case _:
                return self._key.sign(signed)
