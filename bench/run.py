"""One run: the upstreams, then part after part, each with the servers that it needs."""

import contextlib
import datetime as dt
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import uvloop

from bench.call import whole
from bench.cores import Cores, choose_cores, stay_on
from bench.cuts import measure_cuts
from bench.duties import read_duties
from bench.generator import Generator
from bench.origin import origin
from bench.outcome import Outcome
from bench.peers.envoy import envoy
from bench.peers.floor import haproxy_floor, nginx_floor
from bench.peers.gate import gate
from bench.peers.haproxy import haproxy
from bench.peers.litellm import litellm
from bench.peers.nginx_lua import nginx_lua
from bench.peers.plain import direct, plain
from bench.peers.site import Peer, Runner, Site
from bench.plan import Plan
from bench.problem import BenchError
from bench.program import Program, allow_descriptors, free_port, python
from bench.requests import measure_requests
from bench.revocation import measure_edits
from bench.streams import measure_events, measure_memory
from bench.versions import command, versions
from gateway.demo.issuer import DemoIssuer

DESCRIPTORS: Final = 40_000
SERVERS: Final[dict[str, Runner]] = {
    "gate": gate,
    "nginx-lua": nginx_lua,
    "haproxy": haproxy,
    "envoy": envoy,
    "aiohttp": plain,
    "litellm": litellm,
    "nginx": nginx_floor,
    "haproxy-floor": haproxy_floor,
}
PARTS: Final = ("requests", "events", "memory", "revocation")

Say = Callable[[str], None]


def run(plan: Plan, parts: tuple[str, ...], servers: tuple[str, ...], say: Say) -> Outcome:
    """Measure `parts` of `servers`; every program that is started ends with this call. Raises BenchError."""
    began, cores, descriptors = time.monotonic(), choose_cores(), allow_descriptors(DESCRIPTORS)
    started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    outcome = Outcome(command(), started, 0.0, versions(), cores, plan)
    stay_on(cores.load)
    with _site(cores) as site:
        if "requests" in parts or "events" in parts:
            with _noting(outcome, "requests and events"):
                _side_by_side(site, plan, parts, servers, outcome, say)
        for name in servers if "memory" in parts else ():
            with _noting(outcome, f"memory of {name}"):
                say(f"memory per open stream: {name}, up to {plan.memory_streams[-1]} streams")
                outcome.memory.append(uvloop.run(measure_memory(site, SERVERS[name], plan, descriptors)))
        if "revocation" in parts and "gate" in servers:
            with _noting(outcome, "revocation"):
                _revocation(site, plan, outcome, descriptors, say)
    outcome.seconds = time.monotonic() - began
    return outcome


@contextlib.contextmanager
def _noting(outcome: Outcome, part: str) -> Iterator[None]:
    """A part that cannot be measured is told with the others' figures."""
    try:
        yield
    except (BenchError, OSError) as error:
        outcome.failures.append(f"{part}: {error}")


def _side_by_side(site: Site, plan: Plan, parts: tuple[str, ...], servers: tuple[str, ...], outcome: Outcome, say: Say) -> None:
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(SERVERS[name](site)) for name in servers]
        if "requests" in parts:
            say(f"requests: {plan.rounds} rounds of {plan.round_seconds} s, {' and '.join(map(str, plan.connections))} connections")
            ways: list[Peer] = [*peers, stack.enter_context(direct(site))]
            outcome.requests = measure_requests(site, ways, Generator(site.directory, whole(site.token), site.cores.load), plan)
        if "events" in parts:
            say(f"events: {plan.streams} streams of {plan.pace:.0f} events/s")
            outcome.events = uvloop.run(measure_events(site, peers, plan))
        for peer in peers:
            if peer.name == "gate":
                outcome.duties = read_duties(peer)


def _revocation(site: Site, plan: Plan, outcome: Outcome, descriptors: int, say: Say) -> None:
    """One gate for each number of workers; the edits' effect on the next decision is measured on the first."""
    for workers in dict.fromkeys(cut.workers for cut in plan.cuts):
        with gate(site, workers) as peer:
            if not outcome.edits:
                say(f"edit to effect: {plan.edits} times")
                outcome.edits = measure_edits(site, peer, plan)
            for cut in plan.cuts:
                if cut.workers == workers:
                    what = f"revocation under {cut.streams} streams, workers: {workers}"
                    say(f"{what}: of one organisation {cut.of_one} times, of all {cut.of_all} times, each raw and by the tool")
                    with _noting(outcome, what):
                        outcome.cuts += measure_cuts(site, peer, cut, descriptors)


@contextlib.contextmanager
def _site(cores: Cores) -> Iterator[Site]:
    """The directory, the issuer and the upstreams."""
    with tempfile.TemporaryDirectory(prefix="gw-bench-") as name, contextlib.ExitStack() as stack:
        directory, origin_port, pacer_port = Path(name), free_port(), free_port()
        upstream = stack.enter_context(origin(directory / "origin", origin_port, cores.load))
        pacer = Program("pacer", python("bench.pacer", str(pacer_port)), (cores.load,), directory / "pacer.log", (pacer_port,))
        stack.enter_context(pacer)
        yield Site(directory, cores, DemoIssuer(directory / "issuer"), upstream, origin_port, pacer, pacer_port)
