import pytest

from gateway.dialects.refusal import Refusal
from gateway.dialects.texts import TEXTS, facts_of, text_of
from gateway.policy.vocabulary import Reason


def test_every_reason_has_a_text_that_a_header_can_carry() -> None:
    assert set(TEXTS) == set(Reason)
    assert len(set(TEXTS.values())) == len(TEXTS)
    for text in TEXTS.values():
        assert text.isascii()
        assert '"' not in text
        assert text.endswith(".")


@pytest.mark.parametrize("reason", Reason)
def test_a_refusal_names_reason_decision_and_contact(reason: Reason) -> None:
    text = text_of(Refusal(reason, "dec_1", "req_1", contact="access@gate.example"))
    assert f"reason {reason}" in text
    assert "decision dec_1" in text
    assert "contact access@gate.example" in text


def test_the_rules_own_message_stands_first() -> None:
    assert text_of(Refusal(Reason.DIRECTIVE, "d", "r", message="Ask the licensing desk.")).startswith("Ask the licensing desk. (")


def test_what_was_wrong_is_told() -> None:
    text = text_of(Refusal(Reason.MALFORMED_REQUEST, "d", "r", detail="host: sent twice; send it once"))
    assert "one way only. Host: sent twice; send it once. (reason" in text


def test_facts_leave_out_what_is_empty() -> None:
    assert facts_of(Refusal(Reason.HOSTING, "d", "r")) == {"reason": "hosting", "decision_id": "d"}
    assert facts_of(Refusal(Reason.DIRECTIVE, "d", "r", authority="BIS", legal_basis="15 CFR 744", contact="c")) == {
        "reason": "directive",
        "decision_id": "d",
        "contact": "c",
        "authority": "BIS",
        "legal_basis": "15 CFR 744",
    }
