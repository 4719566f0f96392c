"""What an edit does to streams that run: when the last byte of those that it revokes has come, and whether the others pause.

The streams are of many organisations, read by one process. Beside them run a few bystanders, on a model that no edit touches. A pause is
what the longest time between two events of a stream is above its usual one; since the load's own hiccups make pauses too, the
same is measured in an equally long window right before the edit.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from bench.audience import Audience, Listener
from bench.call import BYSTANDER_MODEL, streamed
from bench.edits import Edits, RawEdits, ToolEdits
from bench.figures import Distribution, distribution
from bench.peers.gate import grant, store_of
from bench.peers.site import Peer, Site
from bench.plan import CutPlan
from bench.problem import BenchError
from bench.raw import wait_for_status
from bench.swept import Swept, read_swept
from bench.watchman import Shares, Watchman

ORGANISATIONS: Final = 100
BYSTANDER: Final = "org_bystander"
BYSTANDER_PACE: Final = 10.0
INTERVALS: Final = 1.6
"""Usual times between two events that a window lasts, so that every stream's gap around the edit lies in it."""
SHORTEST: Final = 0.4
SETTLE: Final = 0.1
SPARE_DESCRIPTORS: Final = 500
DESCRIPTORS_PER_STREAM: Final = 2
OK: Final = 200


class CutFigures(Struct, frozen=True):
    """Milliseconds. `last_byte`: from before the edit was sent to the last byte of each revoked stream on its reader's socket.

    `end`: to its reader's noticing that the connection has ended. `pause`, `calm_pause`: the worst added pause of any stream that was not
    revoked, once per repeat, around the edit and before it; None where there is no such stream. `streams` is less than `wanted`
    where the system's limit of open files does not let a worker have as many. `counted`: repeats that others did not disturb; all,
    where there is none. `swept` is of all.
    """

    streams: int
    wanted: int
    revoked: int
    workers: int
    way: str
    repeats: int
    counted: int
    last_byte: Distribution
    end: Distribution
    pause: Distribution | None
    calm_pause: Distribution | None
    swept: Swept
    shares: tuple[Shares, ...]


class CutRound(Struct, frozen=True):
    """One edit: milliseconds of each revoked stream, added pauses of each other one."""

    last_byte: list[float]
    end: list[float]
    pause: list[float]
    calm_pause: list[float]
    shares: Shares


def measure_cuts(site: Site, peer: Peer, plan: CutPlan, descriptors: int) -> list[CutFigures]:
    """Revoke one organisation again and again, then all, each by a raw edit and by the tools' writer."""
    with contextlib.ExitStack() as stack:
        raw = RawEdits(store_of(peer))
        stack.callback(raw.close)
        ways: tuple[Edits, ...] = (raw, stack.enter_context(ToolEdits(store_of(peer))))
        most = (descriptors - SPARE_DESCRIPTORS) // DESCRIPTORS_PER_STREAM * plan.workers
        scene = stack.enter_context(contextlib.closing(Scene(site, peer, plan, raw, most)))
        one = scene.organisations[0]
        found = [scene.repeat(way, [one], partial(way.remove, one), plan.of_one) for way in ways if plan.of_one]
        return found + [scene.repeat(way, scene.organisations, way.suspend, plan.of_all) for way in ways if plan.of_all]


class Scene:
    """Streams of `plan.streams` (at most `most`) that run on one gate, and are put back after each edit."""

    def __init__(self, site: Site, peer: Peer, plan: CutPlan, raw: RawEdits, most: int) -> None:
        self._site = site
        self._peer = peer
        self._plan = plan
        self._raw = raw
        self._audience = Audience(peer.stream_port)
        self._bystanders = min(100, max(1, plan.streams // 20))
        self._count = min(plan.streams, most - self._bystanders)
        self.organisations = [f"org_{number}" for number in range(min(ORGANISATIONS, self._count))]
        tokens = {name: site.issuer.mint(org_id=name, nationalities=["DE"]) for name in (*self.organisations, BYSTANDER)}
        self._requests = {name: streamed(token, plan.pace).encoded for name, token in tokens.items()}
        self._requests[BYSTANDER] = streamed(tokens[BYSTANDER], BYSTANDER_PACE, BYSTANDER_MODEL).encoded
        self._window = max(SHORTEST, INTERVALS / min(plan.pace, BYSTANDER_PACE))
        grant(store_of(peer), BYSTANDER_MODEL, BYSTANDER)
        self._restore(self.organisations)
        self._open([BYSTANDER] * self._bystanders)

    def __repr__(self) -> str:
        return f"<Scene of {self._audience!r}>"

    def repeat(self, edits: Edits, organisations: Sequence[str], edit: Callable[[], float], repeats: int) -> CutFigures:
        """Let `edit` revoke all streams of these organisations, `repeats` times; the gate's own view is read before and after."""
        before, rounds = read_swept(self._peer), []
        for _ in range(repeats):
            rounds.append(self._round(frozenset(organisations), edit))
            self._restore(organisations)
        quiet = [one for one in rounds if not one.shares.disturbed] or rounds
        return _summed_up(self._count, self._plan, edits.way, quiet, repeats, read_swept(self._peer).since(before))

    def close(self) -> None:
        """Leave every stream."""
        self._audience.close()

    def _round(self, organisations: frozenset[str], edit: Callable[[], float]) -> CutRound:
        audience, everyone = self._audience, self._audience.listeners
        revoked = [one for one in everyone if one.organisation in organisations]
        others = [one for one in everyone if one.organisation not in organisations]
        with Watchman(self._site.cores, self._peer.programs, [self._site.pacer]) as watchman:
            audience.forget_gaps()
            audience.listen(self._window)
            _check_open(everyone)
            calm = self._pauses(others)
            audience.forget_gaps()
            began = edit()
            audience.listen(self._window, until=revoked)
        _check_open(others)
        return CutRound(
            last_byte=[max(0.0, one.last_at - began) * 1e3 for one in revoked],
            end=[(one.ended_at - began) * 1e3 for one in revoked],
            pause=self._pauses(others),
            calm_pause=calm,
            shares=watchman.shares,
        )

    def _pauses(self, listeners: Sequence[Listener]) -> list[float]:
        now = time.time()
        return [(one.longest_gap(now) - 1 / self._pace_of(one)) * 1e3 for one in listeners]

    def _pace_of(self, one: Listener) -> float:
        return BYSTANDER_PACE if one.organisation == BYSTANDER else self._plan.pace

    def _restore(self, organisations: Sequence[str]) -> None:
        self._raw.restore(list(organisations))
        for name in (*organisations[:1], *organisations[-1:]):
            wait_for_status(self._peer.stream_port, self._requests[name], OK)
        time.sleep(SETTLE)  # the other workers too
        names = [self.organisations[number % len(self.organisations)] for number in range(self._count)]
        self._open([name for name in names if name in organisations])
        self._audience.listen(SETTLE)

    def _open(self, organisations: Sequence[str]) -> None:
        self._audience.open([(name, self._requests[name]) for name in organisations])


def _summed_up(streams: int, plan: CutPlan, way: str, rounds: Sequence[CutRound], repeats: int, swept: Swept) -> CutFigures:
    return CutFigures(
        streams=streams,
        wanted=plan.streams,
        revoked=len(rounds[0].last_byte),
        workers=plan.workers,
        way=way,
        repeats=repeats,
        counted=len(rounds),
        last_byte=distribution([value for one in rounds for value in one.last_byte]),
        end=distribution([value for one in rounds for value in one.end]),
        pause=_worst([one.pause for one in rounds]),
        calm_pause=_worst([one.calm_pause for one in rounds]),
        swept=swept,
        shares=tuple(one.shares for one in rounds),
    )


def _check_open(listeners: Sequence[Listener]) -> None:
    ended = sum(one.ended_at > 0 for one in listeners)
    if ended:
        raise BenchError(f"{ended} of {len(listeners)} streams ended that nothing had revoked")


def _worst(rounds: Sequence[Sequence[float]]) -> Distribution | None:
    """Of each round the worst."""
    return distribution([max(values) for values in rounds]) if all(rounds) else None
