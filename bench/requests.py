"""Requests per second and CPU per request: rounds of all peers in turn, so that a slow minute of the machine hits all alike."""

from collections.abc import Sequence

from msgspec import Struct

from bench.figures import Figure, figure
from bench.generator import Generator, Load
from bench.peers.site import Peer, Site
from bench.plan import Plan
from bench.watchman import Shares, Watchman, disturbance, load_limit

WARM_SECONDS = 1


class Round(Struct, frozen=True):
    """One peer under load for some seconds."""

    load: Load
    shares: Shares
    cpu_microseconds: float

    @property
    def quiet(self) -> bool:
        """Nobody else worked on the cores, and nothing stood still."""
        return not self.shares.disturbed and not self.load.late


class RequestFigures(Struct, frozen=True):
    """A peer's figures at one number of connections. `refused` says why there is no rate; `remark` what a reader must know."""

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


def measure_requests(site: Site, peers: Sequence[Peer], generator: Generator, plan: Plan) -> list[RequestFigures]:
    """Load all peers in turn, for each number of connections."""
    for peer in peers:
        generator.run(peer.port, plan.connections[0], WARM_SECONDS)
    found = []
    for number, connections in enumerate(plan.connections):
        wanted = plan.rounds if number == 0 else plan.further_rounds
        rounds = _rounds(site, peers, generator, connections, wanted, plan)
        found += [summed_up(peer.name, connections, rounds[peer.name]) for peer in peers]
    return found


def summed_up(peer: str, connections: int, rounds: Sequence[Round]) -> RequestFigures:
    """Take the undisturbed rounds if there are any, and judge whether they show the server's limit."""
    quiet = [one for one in rounds if one.quiet] or list(rounds)
    refused = _refusal(quiet, connections) if peer != "direct" else ""
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
    )


def _rounds(site: Site, peers: Sequence[Peer], generator: Generator, connections: int, wanted: int, plan: Plan) -> dict[str, list[Round]]:
    """Interleave; where others disturbed more than half of a peer's rounds, add some."""
    rounds: dict[str, list[Round]] = {peer.name: [] for peer in peers}
    for number in range(wanted + plan.extra_rounds):
        if number >= wanted and all(_quiet_enough(done, wanted) for done in rounds.values()):
            break
        for peer in peers:
            rounds[peer.name].append(_round(site, peer, generator, connections, plan.round_seconds))
    return rounds


def _round(site: Site, peer: Peer, generator: Generator, connections: int, seconds: int) -> Round:
    with Watchman(site.cores, peer.programs, [site.origin]) as watchman:
        load = generator.run(peer.port, connections, seconds)
    return Round(load, watchman.shares, watchman.cpu_seconds / load.requests * 1e6)


def _quiet_enough(rounds: Sequence[Round], wanted: int) -> bool:
    return sum(one.quiet for one in rounds) * 2 > wanted


def _remark(rounds: Sequence[Round]) -> str:
    late = sum(one.load.late for one in rounds)
    told = (disturbance([one.shares for one in rounds]), f"{late} answers took over 2 s" if late else "")
    return "; ".join(part for part in told if part)


def _refusal(rounds: Sequence[Round], connections: int) -> str:
    if limit := load_limit([one.shares for one in rounds]):
        return limit
    if connections > 1 and sum(one.shares.saturated for one in rounds) * 2 <= len(rounds):
        return f"the server was not at its limit: its core idled {1 - rounds[0].shares.server_busy:.0%}"
    return ""
