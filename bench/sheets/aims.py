"""The aims, and whether this run reached them: by requests per second where both are reported, else by CPU per request."""

from collections.abc import Iterator

from bench.outcome import Outcome
from bench.requests import RequestFigures
from bench.sheet import Sheet

RATIOS = (("nginx + Lua", 0.75), ("HAProxy", 1.6), ("HAProxy, verifying each", 1.6), ("Envoy", 2.0), ("aiohttp", 5.0), ("LiteLLM", 250.0))
"""Requests per second of the gate, in those of each peer, at least."""
EVENT_RATIO = 1.2
P99_MILLISECONDS = 1.0
PAUSE_MILLISECONDS = 10.0
LOAD = 0.5
GATE = "gate"
FLOOR = "nginx (no checks)"


def aims_sheet(outcome: Outcome) -> list[Sheet]:
    """One row an aim that this run measured."""
    rows = tuple(row for part in (_ratios, _events, _memory, _latency, _pauses) for row in part(outcome))
    note = "Ratios of requests/s where both servers were at their limit, else of CPU per request (marked CPU)."
    return [Sheet("aims", "Aims", ("aim", "wanted", "measured", "reached"), rows, note)]


def _row(aim: str, wanted: str, measured: str, *, reached: bool) -> tuple[str, ...]:
    return aim, wanted, measured, "yes" if reached else "no"


def _ratios(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    first = outcome.plan.cases[0].connections
    by_peer = {one.peer: one for one in outcome.requests if one.connections == first}
    gate = by_peer.get(GATE)
    for peer, wanted in RATIOS:
        other = by_peer.get(peer)
        if gate is not None and other is not None:
            ratio, how = _ratio(gate, other)
            yield _row(f"requests/s, {peer} = 1", f"≥ {wanted:g}", f"{ratio:.2f}{how}", reached=ratio >= wanted)


def _ratio(gate: RequestFigures, other: RequestFigures) -> tuple[float, str]:
    if gate.rate is not None and other.rate is not None and not gate.remark and not other.remark:
        return gate.rate.median / other.rate.median, ""
    return other.cpu_microseconds.median / gate.cpu_microseconds.median, " (CPU)"


def _events(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    costs = {one.peer: one.cpu_microseconds for one in outcome.events}
    gate, floor = costs.get(GATE), costs.get(FLOOR)
    if gate is not None and floor is not None:
        ratio = gate.median / floor.median
        yield _row("CPU per relayed event, nginx without checks = 1", f"≤ {EVENT_RATIO:g}", f"{ratio:.2f}", reached=ratio <= EVENT_RATIO)


def _memory(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    sizes = {one.peer: one.per_stream[-1][1] for one in outcome.memory if one.per_stream}
    if GATE in sizes and FLOOR in sizes:
        gate, floor = sizes[GATE] / 1024, sizes[FLOOR] / 1024
        yield _row("memory per open stream", f"< nginx's {floor:.1f} KB", f"{gate:.1f} KB", reached=gate < floor)


def _latency(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    for one in outcome.latency:
        if one.peer == GATE and one.share == LOAD and not one.refused:
            added = one.added[1]
            yield _row("added p99 at half load", f"< {P99_MILLISECONDS:g} ms", f"{added:.2f} ms", reached=added < P99_MILLISECONDS)


def _pauses(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    for one in outcome.reloads[-1:]:
        longest = one.stormy.greatest
        aim = f"longest pause with {one.grants:,} grants, an edit under way"
        yield _row(aim, f"≤ {PAUSE_MILLISECONDS:g} ms", f"{longest:.1f} ms", reached=longest <= PAUSE_MILLISECONDS)
    sizes = [one.microseconds for one in outcome.decisions if one.kind == "grants"]
    if len(sizes) > 1:
        ratio = sizes[-1] / sizes[0]
        yield _row("decision time, most grants to one grant", "no slower", f"{ratio:.2f}", reached=ratio < 1.1)  # noqa: PLR2004 - noise
