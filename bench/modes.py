"""The gate beside itself: audit modes, and two workers instead of one."""

import contextlib

from msgspec import structs

from bench.peers.gate import gate
from bench.peers.site import Peer, Site
from bench.requests import Case, RequestFigures, measure_requests

MODES = ("off", "best_effort", "required")


def measure_modes(site: Site, case: Case, extra: int) -> list[RequestFigures]:
    """Three gates in turn, alike but for their records."""
    with contextlib.ExitStack() as stack:
        peers = [_named(stack.enter_context(gate(site, audit=mode)), f"audit: {mode}") for mode in MODES]
        return measure_requests(site, peers, case, extra)


def measure_workers(site: Site, case: Case) -> list[RequestFigures]:
    """One worker on the server's core; two, on both cores beside the load: their CPU per request shows what they cost each other."""
    both = (site.cores.server, site.cores.load)
    with gate(site, workers=2, cores=both) as two, gate(site) as one:
        return measure_requests(site, [_named(one, "1 worker"), _named(two, "2 workers")], case)


def _named(peer: Peer, name: str) -> Peer:
    return structs.replace(peer, name=name)
