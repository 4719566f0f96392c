"""Cross checks of operators: who proves nothing, and two persons where there is one."""

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from gateway.settings.approval_shape import Approvals, OperatorSection
from gateway.settings.problems import Problem
from gateway.settings.validate_models import repeated

KEY_BYTES: Final = 32
FIELD: Final = 2**255 - 19
WEAK: Final = frozenset(
    {
        *(FIELD - 1, 0, 1, FIELD, FIELD + 1),
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)
"""Points of small order (RFC 8032, 5.1.3; the first bytes that come to mind for an example): anybody can sign for them."""

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
    proofs = [_bytes(one.public_key) or one.token_sha256 for one in approvals.operators]
    if len(set(proofs)) < len(proofs):
        yield Problem("approvals.operators", "two operators prove themselves by the same key: one person could be both")


def _operator(one: OperatorSection, path: str) -> Iterator[Problem]:
    if bool(one.public_key) == bool(one.token_sha256):
        yield Problem(path, "expected exactly one of public_key and token_sha256")
    if one.public_key and len(_bytes(one.public_key)) != KEY_BYTES:
        yield Problem(f"{path}.public_key", f"expected an Ed25519 public key, {KEY_BYTES} bytes in base64")
    elif one.public_key and int.from_bytes(_bytes(one.public_key), "little") % 2**255 in WEAK:
        yield Problem(f"{path}.public_key", "anybody can sign for this key. Make one: openssl genpkey -algorithm ed25519")


def _bytes(text: str) -> bytes:
    """Decode a key, empty where it is none: one key can be spelled in several ways, since bits at the end of base64 say nothing."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
