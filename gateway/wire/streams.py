"""Which answers can be ended with a reason when they are cut: those whose parts can be told apart. All others are broken off."""

from gateway.wire.arrays import ArrayHold
from gateway.wire.route import Dialect, Route
from gateway.wire.sse import EventHold, is_event_stream

Hold = EventHold | ArrayHold


def hold_for(route: Route | None, content_type: bytes | None) -> Hold | None:
    """Choose what holds back half a part of an answer of this type, or None if it has no parts that the gate can tell."""
    if is_event_stream(content_type):
        return EventHold()
    if route is None or content_type is None or route.dialect is not Dialect.GEMINI or not route.streams:
        return None
    return ArrayHold() if content_type.partition(b";")[0].strip().lower() == b"application/json" else None
