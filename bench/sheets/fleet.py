"""What a fleet needs, from one core to internet scale, and one revocation played through it; from this run's figures alone."""

from typing import Final

from bench.fleet import BUDGET, HEADROOM, Costs, Demand, Fleet, relays_for, revoke, size
from bench.outcome import Outcome
from bench.reloads import ReloadFigures
from bench.sheet import Sheet

GATE: Final = "gate"
PACE: Final = 20.0
"""Events a second of one stream: about what a model writes."""
DEMANDS: Final = (
    Demand(1_000, 1_000, PACE),
    Demand(10_000, 100_000, PACE),
    Demand(100_000, 1_000_000, PACE),
)
REVOKED: Final = 0.01
PERCENT: Final = 100


def fleet_sheets(outcome: Outcome) -> list[Sheet]:
    """Two tables, where the run has all that they are made of."""
    if not (outcome.requests and outcome.events and outcome.memory and outcome.reloads and outcome.pushes and outcome.cuts):
        return []
    fleets = [size(demand, costs_of(outcome, outcome.reloads[0])) for demand in DEMANDS]
    return [_sizes(fleets), _revocations(outcome, fleets)]


def costs_of(outcome: Outcome, reload: ReloadFigures) -> Costs:
    """Read the costs from the figures, with a policy of as many grants as `reload` had."""
    request = next(one.cpu_microseconds.median for one in outcome.requests if one.peer == GATE)
    event = next(one.cpu_microseconds for one in outcome.events if one.peer == GATE)
    stream = next(one.per_stream[-1][1] for one in outcome.memory if one.peer == GATE)
    first, last = outcome.pushes[0], outcome.pushes[-1]
    push = (last.milliseconds - first.milliseconds) / max(1, last.connections - first.connections) * 1e3
    return Costs(
        request=request,
        event=event.median if event is not None else 0.0,
        stream_bytes=stream,
        push=max(push, 0.0),
        read=reload.store_microseconds,
        read_bytes=reload.store_bytes,
        apply=max(0.0, reload.effect.p50 * 1e3 - reload.store_microseconds),
        lease=_lease(outcome),
    )


def _lease(outcome: Outcome) -> float:
    """Microseconds from one revoked stream's last byte to the next one's, where all of the most streams on one worker were revoked."""
    whole = [cut for cut in outcome.cuts if cut.revoked == cut.streams and cut.workers == 1]
    most = max(whole or outcome.cuts, key=lambda cut: cut.streams)
    return most.last_byte.greatest / most.revoked * 1e3


def _sizes(fleets: list[Fleet]) -> Sheet:
    rows = tuple(
        (
            f"{fleet.demand.requests:,.0f}",
            f"{fleet.demand.streams:,}",
            f"{fleet.demand.streams * fleet.demand.pace:,.0f}",
            f"{fleet.workers:,}",
            f"{fleet.leases:,}",
            f"{fleet.memory / (1 << 30):,.2f}",
        )
        for fleet in fleets
    )
    note = f"Each worker is one core, planned to be busy for {HEADROOM:.0%} of its time; {PACE:.0f} events a second of each stream."
    heads = ("requests/s", "open streams", "events/s", "workers", "streams of one", "memory of streams GB")
    return Sheet("fleet", "How many cores", heads, rows, note)


def _revocations(outcome: Outcome, fleets: list[Fleet]) -> Sheet:
    rows = []
    for fleet in fleets:
        for reload in outcome.reloads:
            costs = costs_of(outcome, reload)
            found, relays = revoke(fleet, costs, REVOKED), relays_for(fleet, costs)
            rows.append(
                (
                    f"{fleet.workers:,}",
                    f"{reload.grants:,}",
                    f"{found.half * 1e3:,.1f}",
                    f"{found.all * 1e3:,.1f}",
                    f"{found.store_bytes / (1 << 20):,.1f}",
                    f"{found.store_busy * 1e3:,.1f}",
                    f"{found.changes_per_second:,.2f}",
                    "none" if relays == 0 else f"{relays}" if relays > 0 else "no number suffices",
                )
            )
    heads = ("workers", "grants", "half of last bytes ms", "last byte ms", "store sends MB", "store busy ms", "changes/s at most", "relays")
    note = (
        f"A simulation: one revocation ends {REVOKED * PERCENT:.0f} % of the streams; pushes, readings, cuts cost what this run measured; "
        f"0.25 ms between hosts, 10 Gbit/s. Relays: how many between store and workers bring the last byte within {BUDGET:.0f} s."
    )
    return Sheet("revocations", "One revocation through the fleet", heads, tuple(rows), note)
