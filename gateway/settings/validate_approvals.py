"""Cross checks of operators: who proves nothing, and two persons where there is one."""

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from gateway.settings.approval_shape import Approvals, OperatorSection
from gateway.settings.problems import Problem
from gateway.settings.validate_models import repeated

KEY_BYTES: Final = 32
PERSONS: Final = 2


def approval_problems(approvals: Approvals) -> Iterator[Problem]:
    """Yield what is wrong with the section."""
    yield from repeated([(one.name, f"approvals.operators[{index}].name") for index, one in enumerate(approvals.operators)])
    for index, one in enumerate(approvals.operators):
        yield from _operator(one, f"approvals.operators[{index}]")
    if approvals.widening and len(approvals.operators) < PERSONS:
        yield Problem("approvals.operators", "it takes two operators to widen, and fewer are named: nobody could. Name a second one")
    if approvals.widening and not any(one.public_key for one in approvals.operators):
        yield Problem("approvals.operators", "nobody could ask for a change: that takes a key. Give one of them a public_key")
    proofs = [one.public_key or one.token_sha256 for one in approvals.operators]
    if len(set(proofs)) < len(proofs):
        yield Problem("approvals.operators", "two operators prove themselves by the same key: one person could be both")


def _operator(one: OperatorSection, path: str) -> Iterator[Problem]:
    if bool(one.public_key) == bool(one.token_sha256):
        yield Problem(path, "expected exactly one of public_key and token_sha256")
    if one.public_key and _length(one.public_key) != KEY_BYTES:
        yield Problem(f"{path}.public_key", f"expected an Ed25519 public key, {KEY_BYTES} bytes in base64")


def _length(text: str) -> int:
    try:
        return len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return 0
