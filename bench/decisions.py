"""Decision time against the size of the policy, in this process: the pure function, and the sweep of leases after a change.

Time of the thread, the least of several batches: what the code takes when nobody disturbs it.
"""

import asyncio
import gc
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Final

import uvloop
from msgspec import Struct, structs

from bench.call import MODEL, ORGANISATION
from gateway.policy.access import AccessRequest, Instant, Location, Nationalities, Subject
from gateway.policy.decide import decide
from gateway.policy.decision import Denial, Permit
from gateway.policy.directive import Directive
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.shards import Revision
from gateway.policy.snapshot import Grant, Model, Snapshot
from gateway.policy.vocabulary import Effect
from gateway.proxy.leases import LeaseBook, Sweep

NOW: Final = Instant(wall=1_793_491_200.0, steady=1_000.0)
BATCHES: Final = 15
BATCH: Final = 400
GROUPS: Final = 50
LETTERS: Final = "ABCDEFGHIJ"


class DecisionFigures(Struct, frozen=True):
    """Microseconds of one decision that permits, with so many entries of a kind in the policy."""

    kind: str
    size: int
    microseconds: float


class SweepFigures(Struct, frozen=True):
    """`leases` held, all touched by one change, `cut` of them denied by it: milliseconds until all were decided on again.

    `longest_turn`: milliseconds of the longest turn of the loop meanwhile.
    """

    leases: int
    cut: int
    milliseconds: float
    longest_turn: float


def measure_decisions(sizes: Sequence[int], directives: Sequence[int]) -> list[DecisionFigures]:
    """Grow grants, models and directives, one at a time; the last row has all of them at once."""
    found = [_decision("grants", size, _policy(grants=size)) for size in sizes]
    found += [_decision("models", size, _policy(models=size)) for size in sizes if size <= 10_000]  # noqa: PLR2004 - no catalogue is larger
    found += [_decision("directives", size, _policy(directives=size)) for size in directives]
    return [*found, _decision(f"{sizes[-1]:,} grants and directives", directives[-1], _policy(grants=sizes[-1], directives=directives[-1]))]


def measure_sweeps(sizes: Sequence[int]) -> list[SweepFigures]:
    """Lift one grant of a hundred organisations, then all, under more and more leases."""
    return [uvloop.run(_sweep(size, share)) for size in sizes for share in (100, 1)]


def _policy(*, grants: int = 1, models: int = 1, directives: int = 0) -> Snapshot:
    restricted = Restrictions(nationality=_rule(0), region=_rule(1))
    catalogue = {
        name: Model(name, "lab", restrictions=restricted) for name in (MODEL, *(f"model-{number}" for number in range(models - 1)))
    }
    granted = {ORGANISATION: Grant(), **{f"org_many_{number}": Grant() for number in range(grants - 1)}}
    return Snapshot(
        catalogue=catalogue,
        grants={MODEL: Revision(granted, len(granted)).done()},  # as the watch holds them
        directives=tuple(_directive(number) for number in range(directives)),
        revision=7,
        initialised=True,
        confirmed_at=NOW.steady,
        max_staleness=60.0,
    )


def _rule(number: int) -> CountryRule:
    """One of GROUPS groups of ten countries; none of them has the caller's."""
    return CountryRule(any_in=frozenset(f"{LETTERS[number % 10]}{letter}" for letter in LETTERS))


def _directive(number: int) -> Directive:
    """Half of them on this model, half on others; each restricts one of GROUPS groups."""
    models = frozenset({MODEL}) if number % 2 == 0 else frozenset({f"model-{number}"})
    return Directive(f"d{number}", Effect.RESTRICT, models, Restrictions(nationality=_rule(number % GROUPS)), authority=f"letter {number}")


def _request(organisation: str = ORGANISATION) -> AccessRequest:
    subject = Subject("bench", "somebody", organisation, nationalities=Nationalities(("ZA",), unknown=False), expires_at=NOW.wall + 3600)
    return AccessRequest(subject, MODEL, Location("ZA", source="header"))


def _decision(kind: str, size: int, policy: Snapshot) -> DecisionFigures:
    request = _request()
    assert isinstance(decide(request, policy, NOW), Permit)  # noqa: S101 - a refusal would be another measurement
    return DecisionFigures(kind, size, _least(lambda: decide(request, policy, NOW)))


def _least(work: Callable[[], object]) -> float:
    """Microseconds of one call, in the quickest of the batches."""
    best = float("inf")
    for _ in range(BATCHES):
        began = time.thread_time_ns()
        for _ in range(BATCH):
            work()
        best = min(best, (time.thread_time_ns() - began) / BATCH / 1e3)
    return best


class _Exchange:
    """A lease that leaves at once."""

    leaving = False
    held = False

    def __init__(self, permit: Permit, book: LeaseBook) -> None:
        self.permit = permit
        self._book = book

    def cut(self, denial: Denial) -> None:
        """End."""
        del denial
        self._book.release(self)


async def _sweep(size: int, share: int) -> SweepFigures:
    """Hold `size` leases of a hundred organisations; a stage comes, and one in `share` grants goes."""
    loop = asyncio.get_running_loop()
    names = [f"org_{number}" for number in range(100)]
    snapshot = structs.replace(_policy(), grants={MODEL: {name: Grant() for name in names}}, max_staleness=float("inf"))
    book = LeaseBook(loop, lambda: after, lambda: NOW, lambda seconds, cuts: None)  # noqa: ARG005 (nobody counts)
    permits = [decide(_request(name), snapshot, NOW) for name in names]
    for number in range(size):
        permit = permits[number % len(permits)]
        if isinstance(permit, Permit):
            book.hold(_Exchange(permit, book))
    kept = {name: Grant(authority="again") for number, name in enumerate(names) if number % share}
    after = structs.replace(snapshot, grants={MODEL: kept}, revision=8)
    done: asyncio.Future[Sweep] = loop.create_future()
    gc.collect()
    turns, began = [time.perf_counter()], time.perf_counter()

    def turn() -> None:
        turns.append(time.perf_counter())
        if not done.done():
            loop.call_soon(turn)

    loop.call_soon(turn)
    book.published(snapshot, after, on_done=done.set_result)
    sweep = await done
    took = time.perf_counter() - began
    longest = max((after - before for before, after in itertools.pairwise(turns)), default=took)
    return SweepFigures(size, sweep.cuts, took * 1e3, longest * 1e3)
