"""A fleet sized from measured figures, and one revocation played through it: when the last byte leaves.

The store is one thread that serves one thing after another: first the pushes, then the workers' readings of the policy in the order in
which they ask. Each worker then works its reading in, and decides on its leases again, one slice after another; a revoked stream ends
when its lease comes up. With a relay tier the store serves the relays alone, and each relay serves its own workers.
"""

import heapq
import math
import random
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

SEED: Final = 6
HEADROOM: Final = 0.6
"""Share of a core that is planned to be used: the rest is for bursts and for hosts that fail."""
BUDGET: Final = 1.0
"""Seconds within which the last byte of a revoked stream is to leave, beyond which a relay tier is called for."""


class Costs(Struct, frozen=True):
    """What was measured. CPU in microseconds; `apply` and `lease` are a worker's, `read` and `push` the store's; `read_bytes` per reading.

    `hop`: seconds between two hosts, one way; `bandwidth`: bytes a second that a store's or a relay's network carries.
    """

    request: float
    event: float
    stream_bytes: float
    push: float
    read: float
    read_bytes: float
    apply: float
    lease: float
    hop: float = 250e-6
    bandwidth: float = 1.25e9


class Demand(Struct, frozen=True):
    """What comes in altogether: requests a second, streams open, events a second of each."""

    requests: float
    streams: int
    pace: float


class Fleet(Struct, frozen=True):
    """How many workers (cores) the demand needs, and the memory of their streams in all."""

    demand: Demand
    workers: int
    memory: float

    @property
    def leases(self) -> int:
        """Streams of one worker."""
        return math.ceil(self.demand.streams / self.workers)


class Revocation(Struct, frozen=True):
    """Seconds from the write to the last byte: of half of the revoked streams, of 99 %, of all.

    `store_busy`: seconds of the store for one change; `store_bytes`: what it sends.
    """

    half: float
    most: float
    all: float
    store_busy: float
    store_bytes: float
    relays: int = 0

    @property
    def changes_per_second(self) -> float:
        """Changes that the store can announce one after the other, each read by everybody: an upper bound of the rate."""
        return 1 / self.store_busy if self.store_busy else math.inf


def size(demand: Demand, costs: Costs) -> Fleet:
    """Give the fleet that carries the demand with HEADROOM."""
    seconds = (demand.requests * costs.request + demand.streams * demand.pace * costs.event) / 1e6
    return Fleet(demand, max(1, math.ceil(seconds / HEADROOM)), demand.streams * costs.stream_bytes)


def revoke(fleet: Fleet, costs: Costs, share: float = 0.01, relays: int = 0, seed: int = SEED) -> Revocation:
    """Play one revocation of `share` of all streams, told by the store itself or by `relays` between it and the workers."""
    if relays:
        groups = [fleet.workers // relays + (number < fleet.workers % relays) for number in range(relays)]
        store = _serve([costs.hop] * relays, costs)
        told = [at for begun, members in zip(store.done, groups, strict=True) for at in _serve([begun + costs.hop] * members, costs).done]
    else:
        store = _serve([costs.hop] * fleet.workers, costs)
        told = store.done
    ends = sorted(_ends(told, fleet, costs, share, random.Random(seed)))  # noqa: S311 - no secret
    return Revocation(ends[len(ends) // 2], ends[math.ceil(len(ends) * 0.99) - 1], ends[-1], store.busy, store.sent, relays)


def relays_for(fleet: Fleet, costs: Costs, budget: float = BUDGET) -> int:
    """How many relays bring the last byte within `budget` seconds; 0 where none are needed, -1 where no number suffices."""
    for relays in (0, *(1 << power for power in range(1, 12))):
        if relays <= fleet.workers and revoke(fleet, costs, relays=relays).all <= budget:
            return relays
    return -1


class _Served(Struct, frozen=True):
    """When each asker's reading has arrived, seconds; the server's busy time and bytes."""

    done: list[float]
    busy: float
    sent: float


def _serve(begun: Sequence[float], costs: Costs) -> _Served:
    """One thread pushes to all, then answers readings as they come; its network carries one answer at a time."""
    start, push, read = min(begun), costs.push / 1e6, costs.read / 1e6
    asked = [(max(at, start + push * (number + 1)) + costs.hop * 2, number) for number, at in enumerate(begun)]
    heapq.heapify(asked)
    free, wire, done = start + push * len(asked), 0.0, [0.0] * len(asked)
    transfer = costs.read_bytes / costs.bandwidth
    while asked:
        at, number = heapq.heappop(asked)
        free = max(free, at) + read
        wire = max(free, wire) + transfer
        done[number] = wire + costs.hop
    return _Served(done, (push + max(read, transfer)) * len(done), costs.read_bytes * len(done))


def _ends(told: Sequence[float], fleet: Fleet, costs: Costs, share: float, drawn: random.Random) -> list[float]:
    """When each revoked stream ends: its worker has the reading, applies it, and comes to its lease at some place in the sweep.

    Only leases that the change can touch are decided on again: those of the revoked organisation.
    """
    revoked = max(1, round(fleet.leases * share))
    sweep = revoked * costs.lease / 1e6
    return [at + costs.apply / 1e6 + drawn.random() * sweep + costs.hop for at in told for _ in range(revoked)]
