"""Makes tokens and key sets for tests: honest ones, and every dishonest one that a test can spell out byte by byte."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from gateway.clock import read_clock
from gateway.identity.fetch import Fetch
from gateway.identity.jwk import read_key_set
from gateway.identity.keyset import KeySet
from gateway.identity.verifier import Verifier
from gateway.policy.access import Instant
from gateway.settings.shape import Claims, Issuer, Keys

NOW = Instant(wall=1_800_000_000.0, steady=1000.0)
ISSUER = "https://login.example.org/"
AUDIENCE = "https://gate.example.org"
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "org_id": "org_acme", "exp": int(NOW.wall) + 600}


def segment(content: bytes) -> bytes:
    """Base64url without padding."""
    return urlsafe_b64encode(content).rstrip(b"=")


def at(seconds: float) -> Instant:
    """`seconds` after NOW, on both clocks."""
    return Instant(NOW.wall + seconds, NOW.steady + seconds)


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def __call__(self) -> Instant:
        return at(self.elapsed)


@cache
def private_key(kind: str, number: int = 0) -> PrivateKeyTypes:
    """A key of `kind` ("RSA", "RSA-1024", "P-256" ...), made once per `number` and test run."""
    del number  # only tells keys of one kind apart
    if kind.startswith("RSA"):
        bits = int(kind.partition("-")[2] or "2048")
        return rsa.generate_private_key(public_exponent=65537, key_size=bits)
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}[kind])


KINDS = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}


class Signer:
    """One issuer's key: signs tokens and publishes itself as a JWK."""

    def __init__(self, kid: str | None = "k1", algorithm: str = "ES256", kind: str = "", number: int = 0) -> None:
        self.kid = kid
        self.algorithm = algorithm
        self.key = private_key(kind or KINDS.get(algorithm, "RSA"), number)
        self._sign = jwt.get_algorithm_by_name(algorithm)

    def jwk(self, **changes: Any) -> dict[str, Any]:
        """The public key; a change to None leaves the member out."""
        public: dict[str, Any] = self._sign.to_jwk(self.key.public_key(), as_dict=True)
        members = {**public, "kid": self.kid, "alg": self.algorithm, "use": "sig", "key_ops": None, **changes}
        return {name: value for name, value in members.items() if value is not None}

    def header(self, **changes: Any) -> dict[str, Any]:
        """A token header; a change to None leaves the member out."""
        members = {"alg": self.algorithm, "typ": "JWT", "kid": self.kid, **changes}
        return {name: value for name, value in members.items() if value is not None}

    def sign(self, header: bytes, payload: bytes) -> bytes:
        """A token of exactly these header and payload bytes."""
        signing_input = segment(header) + b"." + segment(payload)
        return signing_input + b"." + segment(self._sign.sign(signing_input, self.key))

    def token(self, header: Mapping[str, Any] | None = None, /, **claims: Any) -> bytes:
        """An honest token but for the changes; a claim changed to None is left out."""
        payload = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
        return self.sign(json.dumps(self.header(**(header or {}))).encode(), json.dumps(payload).encode())


def key_set(*signers: Signer | dict[str, Any]) -> bytes:
    """A JWK Set document."""
    return json.dumps({"keys": [one.jwk() if isinstance(one, Signer) else one for one in signers]}).encode()


def issuer(name: str = "main", **changes: Any) -> Issuer:
    """Settings of one issuer whose keys are at a URL."""
    fields: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": (AUDIENCE,),
        "algorithms": ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"),
        "keys": Keys(jwks_url="https://login.example.org/keys"),
        "claims": Claims(us_person="/us_person", nationalities="/nationalities", residence="/residence"),
    }
    return Issuer(name=name, **{**fields, **changes})


def recognising(fetch: Fetch) -> tuple[Verifier, KeySet]:
    """Give a verifier of the usual issuer, by real time, and its keys: those of the usual signer are in place, others are for `fetch`."""
    trusted = issuer()
    keyset = KeySet(trusted, read_clock, fetch)
    keyset.ring = read_key_set(key_set(Signer()), trusted.algorithms)
    keyset.loaded = True
    return Verifier([trusted], {trusted.name: keyset}, read_clock), keyset
