"""Tokens that nobody has seen: what verifying one costs, and what a storm of them does to callers whose tokens are known."""

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from bench.call import ORGANISATION, whole
from bench.openloop import Latency, Traffic, open_loop
from bench.peers.gate import gate
from bench.peers.site import Peer, Site
from bench.signers import ALGORITHMS, Signer, key_set
from bench.watchman import Shares, Watchman, disturbance

RATE = 1000.0
"""Requests a second of each kind: low enough for one core to keep up with all of them."""
PEERS_ALGORITHM = "ES256"


class ColdFigures(Struct, frozen=True):
    """`cpu_microseconds`: CPU that a request with a new token takes beyond one with a known token (both at RATE).

    `known`: callers with a known token beside a storm of RATE new tokens a second; `calm`: beside as many known ones.
    """

    peer: str
    algorithm: str
    cpu_microseconds: float
    known: Latency
    calm: Latency
    shares: Shares

    @property
    def remark(self) -> str:
        """Who disturbed."""
        return disturbance([self.shares])


class _Before(Struct, frozen=True):
    """What holds without new tokens: CPU microseconds of a request, and the latency beside other known ones."""

    cpu_microseconds: float
    calm: Latency


def measure_cold_tokens(site: Site, seconds: float) -> list[ColdFigures]:
    """Ask one gate that takes all algorithms, for each of them."""
    signers = [Signer(algorithm, site.issuer) for algorithm in ALGORITHMS]
    keys = key_set(site.directory / "all-keys.json", site.issuer, signers)
    with gate(site, issuer={"algorithms": list(ALGORITHMS), "keys": {"file": str(keys)}}) as peer:
        before = _before(site, peer, seconds)
        return [_figures(site, peer, signer.algorithm, signer.mint, before, seconds) for signer in signers]


def measure_cold_peers(site: Site, peers: Sequence[Peer], seconds: float) -> list[ColdFigures]:
    """Ask the others, with the algorithm that all of them are set up for."""
    mint = partial(site.issuer.mint, org_id=ORGANISATION, nationalities=["DE"])
    return [_figures(site, peer, PEERS_ALGORITHM, mint, _before(site, peer, seconds), seconds) for peer in peers]


def _before(site: Site, peer: Peer, seconds: float) -> _Before:
    known = [whole(site.token).encoded]
    _, usual, _ = _run(site, peer, [Traffic("known", known, RATE)], seconds)
    calm, _, _ = _run(site, peer, [Traffic("known", known, RATE), Traffic("other", known, RATE)], seconds)
    return _Before(usual, calm[0])


def _figures(site: Site, peer: Peer, algorithm: str, mint: Callable[[], str], before: _Before, seconds: float) -> ColdFigures:
    _, cold, _ = _run(site, peer, [Traffic("new", _fresh(mint, seconds), RATE)], seconds)
    beside = [Traffic("known", [whole(site.token).encoded], RATE), Traffic("new", _fresh(mint, seconds), RATE)]
    stormy, _, shares = _run(site, peer, beside, seconds)
    return ColdFigures(peer.name, algorithm, cold - before.cpu_microseconds, stormy[0], before.calm, shares)


def _fresh(mint: Callable[[], str], seconds: float) -> list[bytes]:
    """Enough requests for one run, each with a token of its own."""
    return [whole(mint()).encoded for _ in range(int(RATE * seconds * 1.2))]


def _run(site: Site, peer: Peer, traffics: Sequence[Traffic], seconds: float) -> tuple[list[Latency], float, Shares]:
    """Latencies, and CPU microseconds per request."""
    with Watchman(site.cores, peer.programs, [site.origin]) as watchman:
        found = open_loop(peer.port, traffics, seconds)
    return found, watchman.cpu_seconds / sum(one.count for one in found) * 1e6, watchman.shares
