"""Streams: CPU of an event, time to the first one, memory."""

from bench.outcome import Outcome
from bench.sheet import Sheet, times, with_spread

YARDSTICK = "gate"


def stream_sheets(outcome: Outcome) -> list[Sheet]:
    """Everything about streams."""
    return [_events(outcome), _first(outcome), _memory(outcome)]


def _events(outcome: Outcome) -> Sheet:
    base = next((one.cpu_microseconds for one in outcome.events if one.peer == YARDSTICK), None)
    rows = [
        (
            one.peer,
            f"{one.events_per_second:,.0f}",
            with_spread(one.cpu_microseconds, ".1f") if one.cpu_microseconds else "not reported",
            f"{1e6 / one.cpu_microseconds.median:,.0f}" if one.cpu_microseconds else "",
            times(one.cpu_microseconds.median, base.median) if one.cpu_microseconds and base else "",
            one.remark,
        )
        for one in outcome.events
    ]
    plan = outcome.plan
    heads = ("server", "events/s", "CPU µs/event", "events per CPU-second", "of the gate's", "remark")
    return Sheet("events", f"Events relayed: {plan.streams} streams of {plan.pace:.0f} events/s", heads, tuple(rows))


def _first(outcome: Outcome) -> Sheet:
    rows = [
        (one.peer, f"{one.through.p50 - one.direct.p50:.2f}", f"{one.through.p99 - one.direct.p99:.2f}", f"{one.through.p50:.2f}")
        for one in outcome.first_events
    ]
    note = "Milliseconds, each stream on a fresh connection: added to the way straight to the upstream, and altogether."
    return Sheet("first", "Time to the first event", ("server", "added p50", "added p99", "p50"), tuple(rows), note)


def _memory(outcome: Outcome) -> Sheet:
    rows = [
        (
            one.peer,
            f"{one.resting / 1048576:.0f}",
            *(f"{count:,}: {size / 1024:.1f} KB" for count, size in one.per_stream),
            one.remark,
        )
        for one in outcome.memory
    ]
    counts = [f"{count:,} streams" for count in outcome.plan.memory_streams]
    note = "The server process alone (proportional set size), without the kernel's buffers; each size: streams open, memory of one."
    return Sheet("memory", "Memory per open stream", ("server", "resting MB", *counts, "remark"), tuple(rows), note)
