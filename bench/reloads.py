"""A policy of many grants: how long an edit takes to its effect, and for how long the loop stands still meanwhile."""

import contextlib
import threading
import time
from collections.abc import Callable

from msgspec import Struct

from bench.call import MODEL, whole
from bench.figures import Distribution, distribution
from bench.openloop import Latency, Traffic, open_loop
from bench.peers.gate import gate, store_of
from bench.peers.site import Peer, Site
from bench.problem import BenchError
from bench.raw import Caller, RawStore
from bench.watchman import Shares, Watchman, disturbance
from gateway.store.keys import Keys

PROBE_RATE = 500.0
SENTINEL = "org_sentinel"
EFFECT_DEADLINE = 60.0
LOAD_DEADLINE = 120.0
PAUSE = 0.3
OK = 200


class ReloadFigures(Struct, frozen=True):
    """Milliseconds. `effect`: from a raw edit to the first answer decided by it, with `grants` on one model's allowlist.

    `calm`, `stormy`: answers to callers at 500 requests a second without edits and during them; the greatest of the latter is the
    longest pause of the loop, and some more. `memory`: bytes of the worker's process beside what it had without those grants.
    `store_bytes`, `store_microseconds`: what the store sent for one edit and one worker, and its time in commands for it.
    """

    grants: int
    effect: Distribution
    calm: Latency
    stormy: Latency
    memory: int
    shares: Shares
    store_bytes: int = 0
    store_microseconds: float = 0.0

    @property
    def remark(self) -> str:
        """Who disturbed."""
        return disturbance([self.shares])


def measure_reloads(site: Site, sizes: tuple[int, ...], edits: int, say: Callable[[str], None], found: list[ReloadFigures]) -> None:
    """Fill the allowlist of one gate further and further; each size adds to `found`. Raises BenchError where an edit has no effect."""
    with gate(site) as peer, contextlib.closing(RawStore(store_of(peer))) as store:
        resting, filled = _memory(peer), 0
        for size in sizes:
            say(f"reload with {size:,} grants")
            store.fill(Keys().allowlist(MODEL), range(filled, size))
            filled = size
            found.append(_measure(site, peer, store, size, edits, resting))


def _measure(site: Site, peer: Peer, store: RawStore, size: int, edits: int, resting: int) -> ReloadFigures:
    known = [Traffic("known", [whole(site.token).encoded], PROBE_RATE, connections=16)]
    sentinel = whole(site.issuer.mint(org_id=SENTINEL, nationalities=["DE"])).encoded
    with contextlib.closing(Caller(peer.port, sentinel)) as caller:
        _effects(store, caller, 1, LOAD_DEADLINE)  # whatever is being read is read then
        memory = _memory(peer) - resting
        calm = open_loop(peer.port, known, 2.0)[0]
        effects: list[float] = []
        failures: list[BenchError] = []

        def edit() -> None:
            try:
                effects.extend(_effects(store, caller, edits, EFFECT_DEADLINE))
            except BenchError as error:
                failures.append(error)

        editing = threading.Thread(target=edit)
        before = _effort(store)
        with Watchman(site.cores, peer.programs, [site.origin]) as watchman:
            editing.start()
            stormy = [open_loop(peer.port, known, 2.0)[0]]
            while editing.is_alive():
                stormy.append(open_loop(peer.port, known, 2.0)[0])
            editing.join()
        if failures:
            raise failures[0]
    sent, busy = (after - old for after, old in zip(_effort(store), before, strict=True))
    worst = max(stormy, key=lambda one: one.greatest)
    return ReloadFigures(size, distribution(effects), calm, worst, memory, watchman.shares, sent // len(effects), busy / len(effects))


def _effects(store: RawStore, caller: Caller, edits: int, patience: float) -> list[float]:
    """Milliseconds from each of `edits` edits (admit, remove, and so on) to the first answer that was decided by it."""
    found = []
    for number in range(edits * 2):
        admit = number % 2 == 0
        words = ("HSET", Keys().allowlist(MODEL), SENTINEL, "{}") if admit else ("HDEL", Keys().allowlist(MODEL), SENTINEL)
        began = store.send(*words)
        while (caller.status() == OK) is not admit:
            if time.monotonic() > began + patience:
                raise BenchError(f"{words[0]} had no effect within {patience:.0f} s")
        found.append((time.monotonic() - began) * 1e3)
        store.reply()
        time.sleep(PAUSE)
    return found


def _effort(store: RawStore) -> tuple[int, int]:
    """Bytes that the store has sent, and microseconds that its commands took, since it began."""
    busy = sum(int(value.partition("usec=")[2].partition(",")[0]) for value in store.told("commandstats").values())
    return int(store.told("stats")["total_net_output_bytes"]), busy


def _memory(peer: Peer) -> int:
    return peer.program.memory if peer.program is not None else 0
