"""Operators who prove who they are: by an Ed25519 signature of what they ask for or approve, or by a token. Names alone prove nothing."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct

from gateway.errors import CommandError
from gateway.settings.approval_shape import OperatorSection

PROOF_BY_TOKEN: Final = "token"  # noqa: S105 (says how, holds none)


class Proof(Struct, frozen=True):
    """That `operator` has said `statement`: a signature, or that a token was shown."""

    operator: str
    proof: str


def prove(name: str, secret: bytes, operators: Iterable[OperatorSection], statement: bytes) -> Proof:
    """Prove that `name` says `statement`; `secret` is a PEM private key or a token. CommandError where it does not prove that."""
    operator = next((one for one in operators if one.name == name), None)
    if operator is None:
        raise CommandError(f"operator {name!r} is not in the settings (approvals.operators). An account's name proves nothing.")
    if operator.token_sha256:
        if hmac.compare_digest(hashlib.sha256(secret.strip()).hexdigest(), operator.token_sha256):
            return Proof(name, PROOF_BY_TOKEN)
        raise CommandError(f"the token is not that of operator {name!r}.")
    try:
        key = load_pem_private_key(secret, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CommandError(f"GATEWAY_OPERATOR_KEY holds no Ed25519 private key (PEM, not encrypted) of operator {name!r}.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise CommandError("GATEWAY_OPERATOR_KEY: expected an Ed25519 key. Make one: openssl genpkey -algorithm ed25519")
    proof = Proof(name, base64.b64encode(key.sign(statement)).decode())
    if not holds(proof, operators=(operator,), statement=statement):
        raise CommandError(f"the key is not that of operator {name!r}.")
    return proof


def holds(proof: Proof, operators: Iterable[OperatorSection], statement: bytes) -> bool:
    """Say whether a proof is a signature of a known operator.

    That a token was shown cannot be shown again, and whoever writes to the store could say so: it is not believed.
    """
    operator = next((one for one in operators if one.name == proof.operator), None)
    if operator is None or operator.token_sha256:
        return False
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(operator.public_key, validate=True))
        public.verify(base64.b64decode(proof.proof, validate=True), statement)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
