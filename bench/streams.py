"""Streams: CPU of the server per relayed event, and its memory per open stream."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from bench.call import streamed
from bench.crowd import Crowd
from bench.figures import Figure, figure
from bench.peers.site import Peer, Runner, Site
from bench.plan import MEMORY_PACE, Plan
from bench.problem import BenchError
from bench.watchman import Shares, Watchman, disturbance, load_limit

SETTLE = 0.5
CALM = 1.5
WARM_STREAMS = 20
KEPT_PACE = 0.95
DESCRIPTORS_PER_STREAM = 2
SPARE_DESCRIPTORS = 500


class StreamRound(Struct, frozen=True):
    """One peer relaying events for some seconds."""

    events: int
    shares: Shares
    cpu_microseconds: float


class EventFigures(Struct, frozen=True):
    """CPU per relayed event of one peer; `refused` says why there is none."""

    peer: str
    streams: int
    events_per_second: float
    cpu_microseconds: Figure | None
    server_busy: float
    refused: str
    remark: str
    rounds: tuple[StreamRound, ...]


class MemoryFigures(Struct, frozen=True):
    """Memory of one peer's process: `resting` bytes without streams, then (streams, bytes per stream)."""

    peer: str
    resting: int
    per_stream: tuple[tuple[int, float], ...]
    remark: str = ""


async def measure_events(site: Site, peers: Sequence[Peer], plan: Plan) -> list[EventFigures]:
    """Let the same crowd read from each peer in turn."""
    rounds: dict[str, list[StreamRound]] = {peer.name: [] for peer in peers}
    for _ in range(plan.stream_rounds):
        for peer in peers:
            rounds[peer.name].append(await _round(site, peer, plan))
    return [_events(peer, plan, rounds[peer.name]) for peer in peers]


async def measure_memory(site: Site, runner: Runner, plan: Plan, descriptors: int) -> MemoryFigures:
    """Start the peer anew, open more and more quiet streams, and see what each adds (a used process would hide it in what it kept)."""
    with runner(site) as peer:
        program = peer.program
        if program is None:
            raise BenchError("the direct way has no memory")
        crowd = Crowd(peer.stream_port, streamed(site.token, MEMORY_PACE).encoded)
        await crowd.gather(WARM_STREAMS)
        await crowd.dismiss()
        await asyncio.sleep(CALM)
        resting, found, most = program.memory, [], (descriptors - SPARE_DESCRIPTORS) // DESCRIPTORS_PER_STREAM
        for count in plan.memory_streams:
            await crowd.gather(min(count, most) - crowd.open)
            await asyncio.sleep(CALM)
            found.append((crowd.open, (program.memory - resting) / crowd.open))
        await crowd.dismiss()
    remark = f"at most {most} streams: the system allows {descriptors} open files" if plan.memory_streams[-1] > most else ""
    return MemoryFigures(peer.name, resting, tuple(found), remark)


async def _round(site: Site, peer: Peer, plan: Plan) -> StreamRound:
    crowd = Crowd(peer.stream_port, streamed(site.token, plan.pace).encoded)
    await crowd.gather(plan.streams)
    await asyncio.sleep(SETTLE)
    before = crowd.events
    with Watchman(site.cores, peer.programs, [site.pacer]) as watchman:
        await asyncio.sleep(plan.stream_seconds)
        events = crowd.events - before
    broken = plan.streams - crowd.open
    await crowd.dismiss()
    if broken or not events:
        raise BenchError(f"{peer.name}: {broken} of {plan.streams} streams ended by themselves, {events} events were relayed")
    await asyncio.sleep(SETTLE)
    return StreamRound(events, watchman.shares, watchman.cpu_seconds / events * 1e6)


def _events(peer: Peer, plan: Plan, rounds: Sequence[StreamRound]) -> EventFigures:
    quiet = [one for one in rounds if not one.shares.disturbed] or list(rounds)
    rate = figure([one.events / one.shares.seconds for one in quiet]).median
    shares = [one.shares for one in quiet]
    refused = load_limit(shares)
    if not refused and rate < KEPT_PACE * plan.streams * plan.pace:
        refused = f"{rate:.0f} events/s instead of {plan.streams * plan.pace:.0f}: the server did not keep the pace"
    return EventFigures(
        peer=peer.name,
        streams=plan.streams,
        events_per_second=rate,
        cpu_microseconds=None if refused else figure([one.cpu_microseconds for one in quiet]),
        server_busy=figure([one.shares.server_busy for one in quiet]).median,
        refused=refused,
        remark=disturbance(shares),
        rounds=tuple(rounds),
    )
