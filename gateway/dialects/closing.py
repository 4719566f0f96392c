"""How a WebSocket that is ended early says why: in the reason of its close frame, the same in every dialect (RFC 6455 section 5.5.1)."""

from gateway.dialects.refusal import Refusal
from gateway.dialects.texts import TEXTS


def closing_text(refusal: Refusal) -> str:
    """Reason, decision id and as much of the text as fits: what a program needs comes first, the frame takes 123 bytes."""
    text = refusal.detail or refusal.message or TEXTS[refusal.reason]
    return f"{refusal.reason} (decision {refusal.decision_id}): {text}"
