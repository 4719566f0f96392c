"""Latency that a server adds at shares of its own capacity, and the time that it adds to the first event of a stream."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from bench.audience import Audience
from bench.call import streamed, whole
from bench.figures import Distribution, distribution
from bench.openloop import Latency, Traffic, open_loop
from bench.peers.site import Peer, Site
from bench.watchman import Shares, Watchman, disturbance, load_limit

FIRST_PACE = 1.0
WARM_SECONDS = 0.5
LEAST_RATE = 10.0
LATE = 1.0
"""Milliseconds; a generator later than this at its 99th percentile measures itself."""


class LatencyFigures(Struct, frozen=True):
    """Milliseconds at `rate` requests a second, `share` of the peer's capacity: through it, and straight to the upstream at that rate."""

    peer: str
    share: float
    through: Latency
    direct: Latency
    shares: Shares

    @property
    def added(self) -> tuple[float, float, float]:
        """What the peer adds to p50, p99 and p99.9."""
        through, direct = self.through, self.direct
        return through.p50 - direct.p50, through.p99 - direct.p99, through.p999 - direct.p999

    @property
    def refused(self) -> str:
        """Why it says nothing of the server: this side was late itself, or its core was full."""
        late = max(self.through.lateness, self.direct.lateness)
        if late > LATE:
            return f"the generator was late by {late:.1f} ms itself"
        return load_limit([self.shares])

    @property
    def remark(self) -> str:
        """Who disturbed, and what was not answered in time."""
        parts = (disturbance([self.shares]), f"{self.through.unanswered} unanswered" if self.through.unanswered else "")
        return "; ".join(filter(None, parts))


class FirstEventFigures(Struct, frozen=True):
    """Milliseconds from the request of a stream, on a fresh connection, to its first event."""

    peer: str
    through: Distribution
    direct: Distribution


def measure_latency(
    site: Site, peers: Sequence[Peer], direct: Peer, capacities: Mapping[str, float], shares: Sequence[float], seconds: float
) -> Iterator[LatencyFigures]:
    """Offer each peer shares of its capacity (requests a second by name), and the upstream the same right before; one after the other."""
    request = [whole(site.token).encoded]
    for share in shares:
        for peer in peers:
            rate = max(LEAST_RATE, capacities[peer.name] * share)
            plain = open_loop(direct.port, [Traffic("direct", request, rate)], seconds)
            open_loop(peer.port, [Traffic(peer.name, request, rate)], WARM_SECONDS)
            with Watchman(site.cores, peer.programs, [site.origin]) as watchman:
                through = open_loop(peer.port, [Traffic(peer.name, request, rate)], seconds)
            yield LatencyFigures(peer.name, share, through[0], plain[0], watchman.shares)


def measure_first_event(site: Site, peers: Sequence[Peer], direct: Peer, times: int) -> list[FirstEventFigures]:
    """Open streams one after the other, at each peer and straight, in turn."""
    request = streamed(site.token, FIRST_PACE).encoded
    through: dict[str, list[float]] = {peer.name: [] for peer in (*peers, direct)}
    for number in range(times + 1):
        for peer in (*peers, direct):
            took = _first_event(peer.stream_port, request)
            if number:  # the first one warms
                through[peer.name].append(took)
    plain = distribution(through[direct.name])
    return [FirstEventFigures(peer.name, distribution(through[peer.name]), plain) for peer in peers]


def _first_event(port: int, request: bytes) -> float:
    """The time of arrival is the kernel's; the connection stands before the request is sent."""
    with contextlib.closing(Audience(port)) as audience:
        began = audience.ask(request)
        return (audience.listeners[0].last_at - began) * 1e3
