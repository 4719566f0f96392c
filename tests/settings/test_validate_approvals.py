"""It takes two who can prove who they are, and one of them a key."""

import base64

import pytest
from support.settings_text import WHOLE, parsed

from gateway.errors import SettingsError

KEY = base64.b64encode(bytes(range(2, 34))).decode()
SAME = KEY[:-2] + chr(ord(KEY[-2]) + 1) + "="
ANN, BOB, CARL = (
    f"{{name: ann, public_key: {KEY}}}",
    f"{{name: bob, token_sha256: {'b' * 64}}}",
    f"{{name: carl, token_sha256: {'c' * 64}}}",
)
BROKEN = {
    "nobody": ("", "it takes two operators to widen"),
    "one": (ANN, "it takes two operators to widen"),
    "two tokens": (f"{BOB}, {CARL}", "nobody could ask for a change: that takes a key"),
    "one who is both": (f"{ANN}, {ANN.replace('ann', 'eve')}", "one person could be both"),
    "one who is both, spelled in another way": (f"{ANN}, {{name: eve, public_key: {SAME}}}", "one person could be both"),
    "a key that is everybody's": (
        f"{BOB}, {{name: ann, public_key: {base64.b64encode(bytes(32)).decode()}}}",
        "anybody can sign for this key",
    ),
    "one name twice": (f"{ANN}, {BOB.replace('bob', 'ann')}", 'approvals.operators[1].name: "ann" is already'),
    "two proofs": (f"{ANN}, {{name: bob, token_sha256: {'b' * 64}, public_key: {KEY}}}", "exactly one of public_key and token_sha256"),
    "no proof": (f"{ANN}, {{name: bob}}", "exactly one of public_key and token_sha256"),
    "no key of that kind": (f"{BOB}, {{name: ann, public_key: AAAA}}", "expected an Ed25519 public key, 32 bytes in base64"),
}


@pytest.mark.parametrize(("operators", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_one_rule_one_broken_section(operators: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parsed(f"{WHOLE}approvals: {{widening: true, operators: [{operators}]}}\n")
    assert words in str(caught.value)


def test_a_key_and_a_token_are_two() -> None:
    assert parsed(f"{WHOLE}approvals: {{widening: true, operators: [{ANN}, {BOB}]}}\n").approvals.widening
