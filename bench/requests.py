"""Requests per second and CPU per request: rounds of all peers in turn, so that a slow minute of the machine hits all alike."""

import statistics
from collections.abc import Sequence

from msgspec import Struct

from bench.call import whole
from bench.figures import Figure, figure
from bench.generator import Generator, Load
from bench.peers.site import Peer, Site
from bench.problem import BenchError
from bench.watchman import Shares, Watchman, disturbance, load_limit

WARM_SECONDS = 1
TAKEN = 0.1
"""A server whose core others used more of than this shows no rate of its own; its CPU per request it still shows."""
STRANGER = "org_stranger"


class Case(Struct, frozen=True):
    """What is asked: `body` bytes (0: about 1 KB) on `connections`, `rounds` of `seconds` each; `denied`: by an organisation on no list."""

    connections: int
    rounds: int
    seconds: int = 3
    body: int = 0
    denied: bool = False

    def generator(self, site: Site) -> Generator:
        """Give who asks it."""
        token = site.issuer.mint(org_id=STRANGER, nationalities=["DE"]) if self.denied else site.token
        return Generator(site.directory, whole(token, size=self.body), site.cores.load, refused=self.denied)


class Round(Struct, frozen=True):
    """One peer under load for some seconds."""

    load: Load
    shares: Shares
    cpu_microseconds: float
    system_microseconds: float = 0.0

    @property
    def quiet(self) -> bool:
        """Nobody else worked on the cores, and nothing stood still."""
        return not self.shares.disturbed and not self.load.late


class RequestFigures(Struct, frozen=True):
    """A peer's figures in one case. `refused` says why there is no rate; `remark` what a reader must know."""

    peer: str
    connections: int
    rate: Figure | None
    cpu_microseconds: Figure
    p50_milliseconds: Figure
    p99_milliseconds: Figure
    server_busy: float
    load_busy: float
    refused: str
    remark: str
    rounds: tuple[Round, ...]
    body: int = 0
    denied: bool = False
    system_microseconds: float = 0.0

    @property
    def case(self) -> str:
        """Who was asked what."""
        size = f", bodies of {self.body / 1000:,.0f} KB" if self.body else ""
        return f"{self.peer}, {self.connections} connections{size}{', refused' if self.denied else ''}"


def measure_requests(site: Site, peers: Sequence[Peer], case: Case, extra: int = 0) -> list[RequestFigures]:
    """Load all peers in turn, `extra` rounds more where others disturbed more than half. A peer that fails under load is left out."""
    generator, alive = case.generator(site), list(peers)
    rounds: dict[str, list[Round]] = {}
    failed: dict[str, str] = {}
    for number in range(case.rounds + extra):
        if number >= case.rounds and all(_quiet_enough(rounds[peer.name], case.rounds) for peer in alive):
            break
        for peer in list(alive):
            try:
                if number == 0:
                    generator.run(peer.port, case.connections, WARM_SECONDS)
                rounds.setdefault(peer.name, []).append(_round(site, peer, generator, case))
            except BenchError as error:
                alive.remove(peer)
                failed[peer.name] = str(error)
    return [
        summed_up(peer.name, case.connections, rounds[peer.name], body=case.body, denied=case.denied, failed=failed.get(peer.name, ""))
        for peer in peers
        if rounds.get(peer.name)
    ]


def summed_up(
    peer: str, connections: int, rounds: Sequence[Round], *, body: int = 0, denied: bool = False, failed: str = ""
) -> RequestFigures:
    """Take the undisturbed rounds if there are any, and judge whether they show the server's limit."""
    quiet = [one for one in rounds if one.quiet] or list(rounds)
    refused = failed or (_refusal(quiet, connections) if peer != "direct" else "")
    return RequestFigures(
        peer=peer,
        connections=connections,
        rate=None if refused else figure([one.load.rate for one in quiet]),
        cpu_microseconds=figure([one.cpu_microseconds for one in quiet]),
        p50_milliseconds=figure([one.load.p50 / 1e3 for one in quiet]),
        p99_milliseconds=figure([one.load.p99 / 1e3 for one in quiet]),
        server_busy=figure([one.shares.server_busy for one in quiet]).median,
        load_busy=figure([one.shares.load_busy for one in quiet]).median,
        refused=refused,
        remark=_remark(quiet),
        rounds=tuple(rounds),
        body=body,
        denied=denied,
        system_microseconds=statistics.median(one.system_microseconds for one in quiet),
    )


def _round(site: Site, peer: Peer, generator: Generator, case: Case) -> Round:
    with Watchman(site.cores, peer.programs, [site.origin]) as watchman:
        load = generator.run(peer.port, case.connections, case.seconds)
    return Round(load, watchman.shares, watchman.cpu_seconds / load.requests * 1e6, watchman.system_seconds / load.requests * 1e6)


def _quiet_enough(rounds: Sequence[Round], wanted: int) -> bool:
    return sum(one.quiet for one in rounds) * 2 > wanted


def _remark(rounds: Sequence[Round]) -> str:
    late = sum(one.load.late for one in rounds)
    told = (disturbance([one.shares for one in rounds]), f"{late} answers took over 2 s" if late else "")
    return "; ".join(part for part in told if part)


def _refusal(rounds: Sequence[Round], connections: int) -> str:
    if limit := load_limit([one.shares for one in rounds]):
        return limit
    taken = statistics.median(one.shares.taken for one in rounds)
    if taken > TAKEN:
        return f"others used {taken:.0%} of the server's core"
    if connections > 1 and sum(one.shares.saturated for one in rounds) * 2 <= len(rounds):
        return f"the server was not at its limit: its core idled {1 - rounds[0].shares.server_busy:.0%}"
    return ""
