"""A sign-off counts for what was signed and for nothing else; where no operator has a key, one counts as it is recorded."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Final

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from msgspec import structs

from gateway.admin.releases import demand_signoffs
from gateway.admin.signoffs import asks_for_keys, counts, signed
from gateway.admin.stages import move_stage, sign_off
from gateway.errors import CommandError
from gateway.policy.snapshot import Model, SignOff, StageRecord
from gateway.policy.vocabulary import Stage
from gateway.settings.approval_shape import OperatorSection
from gateway.settings.release_shape import ReleaseSection, ReleasesSection
from gateway.store.codec import decode_stage
from gateway.store.spelling import encode_stage

NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
MODEL: Final = Model("frontier-1", "main")
RELEASES: Final = ReleasesSection(preview=ReleaseSection(signoffs=("agency-a",)))
ANN: Final = Ed25519PrivateKey.generate()
SECRET: Final = ANN.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC: Final = base64.b64encode(ANN.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
TOKEN: Final = OperatorSection(name="bob", token_sha256=hashlib.sha256(b"bob").hexdigest())
OPERATORS: Final = (OperatorSection(name="ann", public_key=PUBLIC), TOKEN)
GIVEN: Final = SignOff("agency-a", Stage.PREVIEW, "letter 7", "ann", "2026-06-01T00:00:00Z")


def test_a_signature_is_of_one_sign_off_of_one_model() -> None:
    proved = signed("frontier-1", GIVEN, OPERATORS, SECRET)
    assert counts("frontier-1", proved, OPERATORS)
    assert not counts("frontier-2", proved, OPERATORS)
    for altered in (
        {"agency": "b"},
        {"stage": Stage.GENERAL},
        {"authority": "letter 8"},
        {"by": "bob"},
        {"at": ""},
        {"proof": ""},
        {"proof": "token"},
    ):
        assert not counts("frontier-1", structs.replace(proved, **altered), OPERATORS), altered


def test_who_has_no_key_signs_nothing_and_where_nobody_has_one_nothing_is_signed() -> None:
    assert asks_for_keys(OPERATORS)
    assert not asks_for_keys((TOKEN,))
    assert counts("frontier-1", GIVEN, ())
    assert counts("frontier-1", GIVEN, (TOKEN,))
    with pytest.raises(CommandError, match="a sign-off needs a key"):
        signed("frontier-1", structs.replace(GIVEN, by="bob"), OPERATORS, b"bob")
    with pytest.raises(CommandError, match="not in the settings"):
        signed("frontier-1", structs.replace(GIVEN, by="eve"), OPERATORS, SECRET)


def test_only_what_is_signed_widens() -> None:
    evaluation = StageRecord(Stage.EVALUATION)
    asserted = sign_off(MODEL, evaluation, Stage.PREVIEW, NOW, RELEASES, "ann", agency="agency-a", authority="letter 7")
    words, _ = decode_stage(msgspec.json.encode(asserted.record))
    with pytest.raises(CommandError, match="what is recorded of them is not signed by an operator of the settings"):
        demand_signoffs(MODEL, words, Stage.PREVIEW, RELEASES, OPERATORS)
    command = sign_off(
        *(MODEL, words, Stage.PREVIEW, NOW, RELEASES, "ann"), agency="agency-a", authority="letter 7", operators=OPERATORS, secret=SECRET
    )
    proved, problem = decode_stage(msgspec.json.encode(command.record))
    assert not problem
    assert decode_stage(encode_stage(proved).encode()) == (proved, "")
    assert move_stage(MODEL, proved, Stage.PREVIEW, NOW, RELEASES, operators=OPERATORS).stage is Stage.PREVIEW
