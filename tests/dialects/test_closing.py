"""The reason of a close frame: what a program needs comes first, and survives the frame's 123 bytes."""

import pytest

from gateway.dialects.closing import closing_text
from gateway.dialects.refusal import Refusal
from gateway.policy.vocabulary import Reason
from gateway.wire.websocket import close

DECISION = "0123456789abcdef00000001"


@pytest.mark.parametrize("reason", Reason)
def test_reason_and_decision_always_fit(reason: Reason) -> None:
    told = close(1008, closing_text(Refusal(reason, DECISION, DECISION, message="x" * 500))).payload[2:].decode()
    assert told.startswith(f"{reason} (decision {DECISION}): x")


def test_the_text_is_the_detail_or_the_rules_own_or_the_reasons() -> None:
    refusal = Refusal(Reason.MODEL_AMBIGUOUS, DECISION, DECISION)
    assert closing_text(refusal).endswith("names its model in more than one way.")
    assert closing_text(Refusal(Reason.DIRECTIVE, DECISION, DECISION, message="by order")).endswith(": by order")
    assert closing_text(Refusal(Reason.DIRECTIVE, DECISION, DECISION, message="by order", detail="so")).endswith(": so")
