"""Requests per second, CPU per request, latency, the steps of a request."""

from collections.abc import Iterator, Sequence

from bench.latency import LatencyFigures
from bench.outcome import Outcome
from bench.requests import RequestFigures
from bench.sheet import Sheet, times, with_spread
from bench.steps import StepFigures

YARDSTICK = "gate"
QUICKEST = "nginx + Lua"
NOT_REPORTED = "not reported"
LEAST_SHOWN = 0.004
"""Steps with a smaller share are summed up in one row."""


def request_sheets(outcome: Outcome) -> list[Sheet]:
    """Everything about requests."""
    found = [
        _load("requests", "Requests: POST of 1 KB, answer of 0.6 KB, keep-alive (medians, half the range)", outcome.requests),
        _gap(outcome.requests),
        _load("bodies", "Larger bodies", outcome.bodies),
        _load("denials", "Refusals: an organisation on no list", outcome.denials),
        _load("modes", "The gate beside itself: records off, best effort, required", outcome.modes, "audit: off"),
        _workers(outcome.workers),
        _latency(outcome.latency),
        _cold(outcome),
    ]
    return found + ([_steps(outcome.steps)] if outcome.steps is not None else [])


def _load(name: str, title: str, found: Sequence[RequestFigures], yardstick: str = YARDSTICK) -> Sheet:
    heads = (
        "server",
        "connections",
        "body KB",
        "requests/s",
        f"{yardstick} = 1",
        "CPU µs/request",
        "CPU ratio",
        "p50 ms",
        "p99 ms",
        "remark",
    )
    return Sheet(name, title, heads, tuple(_row(one, found, yardstick) for one in found))


def _row(one: RequestFigures, found: Sequence[RequestFigures], yardstick: str) -> tuple[str, ...]:
    base = next((other for other in found if other.peer == yardstick and _question(other) == _question(one)), None)
    straight = one.peer == "direct"
    rate, cost = (base.rate, base.cpu_microseconds.median) if base is not None else (None, None)
    return (
        one.peer,
        f"{one.connections}",
        f"{one.body / 1000:,.0f}" if one.body else "",
        with_spread(one.rate, ",.0f") if one.rate is not None else NOT_REPORTED,
        "" if straight or one.rate is None or rate is None else times(one.rate.median, rate.median),
        "" if straight else with_spread(one.cpu_microseconds, ",.1f"),
        "" if straight else times(one.cpu_microseconds.median, cost),
        f"{one.p50_milliseconds.median:.2f}",
        f"{one.p99_milliseconds.median:.2f}",
        one.remark,
    )


def _gap(found: Sequence[RequestFigures]) -> Sheet:
    """What the quickest peer with the same duties does not pay."""
    by_peer = {one.peer: one for one in found if found and one.connections == found[0].connections}
    ours, theirs = by_peer.get(YARDSTICK), by_peer.get(QUICKEST)
    rows = []
    if ours is not None and theirs is not None:
        rows = [
            _difference("kernel", ours.system_microseconds, theirs.system_microseconds),
            _difference("the program itself", _own(ours), _own(theirs)),
            _difference("a request", ours.cpu_microseconds.median, theirs.cpu_microseconds.median),
        ]
    note = (
        "CPU microseconds of a request by the operating system's split into user and system time; where ours go step by step is told below."
    )
    return Sheet("gap", f"What keeps the gate from {QUICKEST}", ("of", "gate", QUICKEST, "difference"), tuple(rows), note)


def _difference(name: str, ours: float, theirs: float) -> tuple[str, ...]:
    return name, f"{ours:.1f}", f"{theirs:.1f}", f"{ours - theirs:+.1f}"


def _own(one: RequestFigures) -> float:
    return one.cpu_microseconds.median - one.system_microseconds


def _question(one: RequestFigures) -> tuple[int, int]:
    return one.connections, one.body


def _workers(found: Sequence[RequestFigures]) -> Sheet:
    """Where two workers share the cores with the load, the rate is bounded by it; CPU per request is what shows their price."""
    base = found[0].cpu_microseconds.median if found else None
    rows = [(one.peer, with_spread(one.cpu_microseconds, ",.1f"), times(one.cpu_microseconds.median, base)) for one in found]
    note = "Two workers run on both cores, beside the load: what one costs the other shows in the CPU of a request."
    return Sheet("workers", "One worker and two", ("what", "CPU µs/request", "of one worker's"), tuple(rows), note)


def _latency(found: Sequence[LatencyFigures]) -> Sheet:
    rows = [
        (
            one.peer,
            f"{one.share:.0%}",
            f"{one.through.rate:,.0f}",
            *(("not reported", "", "", "", "", "") if one.refused else _milliseconds(one)),
            one.remark,
        )
        for one in found
    ]
    heads = ("server", "load", "requests/s", "added p50", "added p99", "added p99.9", "p50", "p99", "p99.9", "remark")
    note = "Milliseconds, open loop: Poisson arrivals, counted from when a request was due; added: above the upstream alone at that rate."
    return Sheet("latency", "Latency at shares of each server's own capacity", heads, tuple(rows), note)


def _milliseconds(one: LatencyFigures) -> Iterator[str]:
    return (f"{value:.2f}" for value in (*one.added, one.through.p50, one.through.p99, one.through.p999))


def _cold(outcome: Outcome) -> Sheet:
    rows = [
        (
            one.peer,
            one.algorithm,
            f"{one.cpu_microseconds:.0f}",
            f"{one.calm.p50:.2f}",
            f"{one.calm.p99:.2f}",
            f"{one.known.p50:.2f}",
            f"{one.known.p99:.2f}",
            one.remark,
        )
        for one in outcome.cold
    ]
    heads = ("server", "algorithm", "CPU µs/new token", "known p50", "known p99", "in the storm p50", "in the storm p99", "remark")
    note = (
        "Milliseconds of callers with known tokens, 1,000 requests/s, beside 1,000 other known ones and beside 1,000 new tokens a second."
    )
    return Sheet("cold", "Tokens that nobody has seen, and a storm of them", heads, tuple(rows), note)


def _steps(found: StepFigures) -> Sheet:
    shown = [step for step in found.steps if step.share >= LEAST_SHOWN]
    rest = [step for step in found.steps if step.share < LEAST_SHOWN]
    rows = [(step.name, f"{step.microseconds:.1f}", f"{step.share:.1%}") for step in shown]
    if rest:
        rows.append((f"{len(rest)} others", f"{sum(step.microseconds for step in rest):.1f}", f"{sum(step.share for step in rest):.1%}"))
    rows.append(("a request", f"{found.cpu_microseconds:.1f}", f"{sum(step.share for step in found.steps):.0%}"))
    note = (
        f"{found.samples:,} samples under load, charged to the system call or else the innermost room of the gate that each was in; "
        f"the sum is the CPU of a request as the operating system counts it. {found.system_share:.0%} of it is the kernel's."
    )
    return Sheet("steps", "Where the microseconds of a request go", ("step", "µs", "share"), tuple(rows), note + _disturbed(found))


def _disturbed(found: StepFigures) -> str:
    return f" ({found.remark})" if found.remark else ""
