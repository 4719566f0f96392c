"""Sign-offs that an operator has signed: where settings name operators with keys, no other one counts; pure.

What is signed binds model, stage, agency, reference, operator and hour: put under another model, or altered, it is none.
"""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import structs

from gateway.admin.operators import PROOF_BY_TOKEN, Proof, holds, prove
from gateway.errors import CommandError
from gateway.policy.snapshot import SignOff
from gateway.settings.approval_shape import OperatorSection


def asks_for_keys(operators: Iterable[OperatorSection]) -> bool:
    """Say whether sign-offs have to be signed: some operator has a key to do it with."""
    return any(one.public_key for one in operators)


def signed(model: str, signoff: SignOff, operators: Sequence[OperatorSection], secret: bytes) -> SignOff:
    """Sign what `signoff.by` records of `model` with `secret`, a PEM private key; CommandError where it is not that operator's."""
    proof = prove(signoff.by, secret, operators, _statement(model, signoff))
    if proof.proof == PROOF_BY_TOKEN:
        raise CommandError(
            f"operator {signoff.by!r} shows a token, which nobody can check afterwards: a sign-off needs a key (public_key)."
        )
    return structs.replace(signoff, proof=proof.proof)


def counts(model: str, signoff: SignOff, operators: Sequence[OperatorSection]) -> bool:
    """Say whether a recorded sign-off counts: it is signed by an operator whom the settings name, or they name none with a key."""
    if not asks_for_keys(operators):
        return True
    return holds(Proof(signoff.by, signoff.proof), operators, _statement(model, signoff))


def _statement(model: str, signoff: SignOff) -> bytes:
    said = (model, signoff.stage.value, signoff.agency, signoff.authority, signoff.by, signoff.at)
    return b"gateway sign off " + hashlib.sha256(msgspec.json.encode(said)).digest()
