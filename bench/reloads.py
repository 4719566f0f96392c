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
    """

    grants: int
    effect: Distribution
    calm: Latency
    stormy: Latency
    memory: int
    shares: Shares

    @property
    def remark(self) -> str:
        """Who disturbed."""
        return disturbance([self.shares])


def measure_reloads(site: Site, sizes: tuple[int, ...], edits: int, say: Callable[[str], None]) -> list[ReloadFigures]:
    """Fill the allowlist of one gate further and further. Raises BenchError where an edit has no effect in a minute."""
    found: list[ReloadFigures] = []
    with gate(site) as peer, contextlib.closing(RawStore(store_of(peer))) as store:
        resting, filled = _memory(peer), 0
        for size in sizes:
            say(f"reload with {size:,} grants")
            store.fill(Keys().allowlist(MODEL), range(filled, size))
            filled = size
            found.append(_measure(site, peer, store, size, edits, resting))
    return found


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
        with Watchman(site.cores, peer.programs, [site.origin]) as watchman:
            editing.start()
            stormy = [open_loop(peer.port, known, 2.0)[0]]
            while editing.is_alive():
                stormy.append(open_loop(peer.port, known, 2.0)[0])
            editing.join()
        if failures:
            raise failures[0]
    return ReloadFigures(size, distribution(effects), calm, max(stormy, key=lambda one: one.greatest), memory, watchman.shares)


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


def _memory(peer: Peer) -> int:
    return peer.program.memory if peer.program is not None else 0
