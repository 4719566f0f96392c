"""One run: the upstreams, then part after part, each with the servers that it needs and within its limit."""

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import uvloop

from bench.coldtokens import measure_cold_peers, measure_cold_tokens
from bench.cores import choose_cores, stay_on
from bench.cuts import measure_cuts
from bench.decisions import measure_decisions, measure_sweeps
from bench.duties import read_duties
from bench.latency import measure_first_event, measure_latency
from bench.limit import OutOfTime, limited
from bench.modes import measure_modes, measure_workers
from bench.origin import origin
from bench.outcome import Outcome
from bench.peers.gate import gate, store_of
from bench.peers.plain import direct
from bench.peers.roster import SERVERS
from bench.peers.site import SMALL_BODY, Peer, Site
from bench.plan import ONLY_ASKED, PARTS, REMEMBERING, Plan
from bench.problem import BenchError
from bench.program import allow_descriptors, free_port
from bench.pushes import measure_pushes
from bench.reloads import measure_reloads
from bench.requests import RequestFigures, measure_requests
from bench.revocation import measure_edits
from bench.steps import measure_steps
from bench.streams import measure_events, measure_memory
from bench.upstreams import upstreams
from bench.versions import command, spoken, versions

DESCRIPTORS: Final = 40_000

ALONE: Final = ("steps", "revocation", "memory", "cold", "decisions", "reload", "pushes", "modes", "workers", "bodies")
"""Parts that start what they need for themselves, those that would be missed most first."""
WITHOUT_GATE: Final = frozenset({"bodies", "memory", "decisions"})
LONGEST: Final = 1600
"""Seconds after which no part goes on, whatever its own limit."""

Say = Callable[[str], None]


class Run:
    """The parts of one run over the same site; what they find goes into `outcome`."""

    def __init__(self, plan: Plan, servers: Sequence[str], say: Say) -> None:
        began, self.descriptors = dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), allow_descriptors(DESCRIPTORS)
        self._until = time.monotonic() + LONGEST
        self.plan = plan
        self.servers = servers
        self.say = say
        self.cores = choose_cores()
        self.outcome = Outcome(command(), began, 0.0, versions(), self.cores, plan)

    def __repr__(self) -> str:
        return f"<Run of {', '.join(self.servers)}>"

    def measure(self, parts: Sequence[str]) -> Outcome:
        """Measure `parts`; every program that is started ends with this call."""
        began = time.monotonic()
        stay_on(self.cores.load)
        with upstreams(self.cores) as site:
            self._side_by_side(site, parts)
            for part in ALONE:
                if part in parts and (part in WITHOUT_GATE or "gate" in self.servers):
                    with self._part(part):
                        getattr(self, f"_{part}")(site)
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    @contextlib.contextmanager
    def _part(self, part: str) -> Iterator[None]:
        """A part that cannot be measured is told with the others' figures."""
        self.say(part)
        try:
            with limited(max(1.0, min(PARTS[part], self._until - time.monotonic())), part):
                yield
        except (BenchError, OSError, OutOfTime, TimeoutError) as error:
            self.outcome.failures.append(f"{part}: {error}")

    @contextlib.contextmanager
    def _peers(self, site: Site, names: Sequence[str]) -> Iterator[list[Peer]]:
        """Start those that pass their audition; the others are told."""
        with contextlib.ExitStack() as stack:
            peers = []
            for name in names:
                try:
                    peers.append(stack.enter_context(SERVERS[name](site)))
                except BenchError as error:
                    self.outcome.failures.append(f"{name}: {error}")
            for peer in peers:
                self.outcome.versions |= {peer.name: peer.version} if peer.version else {}
                self.outcome.commands[peer.name] = spoken(peer.program.command) if peer.program is not None else ""
            yield peers

    def _side_by_side(self, site: Site, parts: Sequence[str]) -> None:
        """The parts that ask all servers in turn, while all of them run."""
        if not {"requests", "denials", "latency", "events"} & set(parts):
            return
        with direct(site) as straight:
            outcome, plan = self.outcome, self.plan
            if "requests" in parts:
                with self._part("requests"), self._peers(site, self.servers) as peers:
                    for case in plan.cases:
                        self.say(f"requests on {case.connections} connections, {case.rounds} rounds of {case.seconds} s")
                        asked = [peer for peer in peers if case == plan.cases[0] or not peer.seldom]
                        outcome.requests += measure_requests(site, [*asked, straight], case, plan.extra_rounds)
                    self._read_duties(peers)
            with self._peers(site, [name for name in self.servers if name not in ONLY_ASKED]) as peers:
                if "denials" in parts:
                    with self._part("denials"):
                        outcome.denials = measure_requests(site, [peer for peer in peers if peer.judges], plan.denials, plan.extra_rounds)
                if "latency" in parts:
                    with self._part("latency"):
                        capacities = self._capacities(site, peers)
                        outcome.first_events = measure_first_event(site, peers, straight, plan.first_events)
                        for one in measure_latency(site, peers, straight, capacities, plan.shares, plan.latency_seconds):
                            outcome.latency.append(one)  # what was measured stays, whatever comes after
                if "events" in parts:
                    with self._part("events"):
                        outcome.events = uvloop.run(measure_events(site, peers, plan))

    def _capacities(self, site: Site, peers: Sequence[Peer]) -> dict[str, float]:
        """Requests a second that one core can do: what was measured, or what the CPU of a request allows."""
        first = self.plan.cases[0]
        asked = [one for one in self.outcome.requests if one.connections == first.connections]
        missing = [peer for peer in peers if peer.name not in {one.peer for one in asked}]
        asked += measure_requests(site, missing, first)
        return {one.peer: _capacity(one) for one in asked}

    def _read_duties(self, peers: Sequence[Peer]) -> None:
        for peer in peers:
            if peer.name == "gate":
                self.outcome.duties = read_duties(peer)

    def _bodies(self, site: Site) -> None:
        """Servers started anew for each size, with buffers for it."""
        names = [name for name in self.servers if name not in ONLY_ASKED]
        port = free_port()
        with origin(site.directory / "reading", port, self.cores.load, reading=True) as reading:
            for case in self.plan.bodies:
                there = site.for_bodies(case.body + SMALL_BODY, reading, port)
                with self._peers(there, names) as peers, direct(there) as straight:
                    self.outcome.bodies += measure_requests(there, [*peers, straight], case, self.plan.extra_rounds)

    def _memory(self, site: Site) -> None:
        for name in self.servers:
            if name not in ONLY_ASKED:
                self.say(f"memory per open stream: {name}, up to {self.plan.memory_streams[-1]} streams")
                try:
                    self.outcome.memory.append(uvloop.run(measure_memory(site, SERVERS[name], self.plan, self.descriptors)))
                except (BenchError, TimeoutError) as error:
                    self.outcome.failures.append(f"memory of {name}: {str(error) or 'streams did not begin in time'}")

    def _cold(self, site: Site) -> None:
        self.outcome.cold = measure_cold_tokens(site, self.plan.cold_seconds)
        for name in (name for name in REMEMBERING if name in self.servers):
            with self._peers(site, [name]) as peers:
                self.outcome.cold += measure_cold_peers(site, peers, self.plan.cold_seconds)

    def _modes(self, site: Site) -> None:
        self.outcome.modes = measure_modes(site, self.plan.modes, self.plan.extra_rounds)

    def _workers(self, site: Site) -> None:
        self.outcome.workers = measure_workers(site, self.plan.workers)

    def _pushes(self, site: Site) -> None:
        with gate(site) as peer:
            self.outcome.pushes = measure_pushes(store_of(peer), self.plan.pushes)

    def _reload(self, site: Site) -> None:
        measure_reloads(site, self.plan.grants, self.plan.reloads, self.say, self.outcome.reloads)

    def _decisions(self, _: Site) -> None:
        """In this process, on the server's core."""
        stay_on(self.cores.server)
        try:
            self.outcome.decisions = measure_decisions(self.plan.decision_sizes, self.plan.directives)
            self.outcome.sweeps = measure_sweeps(self.plan.leases)
        finally:
            stay_on(self.cores.load)

    def _steps(self, site: Site) -> None:
        self.outcome.steps = measure_steps(site, self.plan.step_seconds)

    def _revocation(self, site: Site) -> None:
        """One gate for each number of workers; the edits' effect on the next decision is measured on the first."""
        for workers in dict.fromkeys(cut.workers for cut in self.plan.cuts):
            with gate(site, workers) as peer:
                if not self.outcome.edits:
                    self.outcome.edits = measure_edits(site, peer, self.plan)
                for cut in self.plan.cuts:
                    if cut.workers == workers:
                        self.say(f"revocation under {cut.streams} streams, workers: {workers}")
                        self.outcome.cuts += measure_cuts(site, peer, cut, self.descriptors)


def _capacity(one: RequestFigures) -> float:
    return one.rate.median if one.rate is not None else 1e6 / one.cpu_microseconds.median
