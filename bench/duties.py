"""Proof that the gate was measured with its duties on: what it counted and recorded, read from its own metrics."""

import urllib.request
from typing import Final

from msgspec import Struct

from bench.peers.site import Peer

_WANTED: Final = {
    "requests": "gateway_requests_total",
    "records": "gateway_audit_records_total",
    "lost_records": "gateway_audit_failures_total",
}


class Duties(Struct, frozen=True):
    """Requests that the gate counted, decision records that it wrote, and those that it could not write."""

    requests: float = 0.0
    records: float = 0.0
    lost_records: float = 0.0


def read_duties(peer: Peer) -> Duties:
    """Scrape the gate once. Raises OSError if it does not answer."""
    with urllib.request.urlopen(f"http://127.0.0.1:{peer.admin_port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return Duties(**{field: _sum(text, name) for field, name in _WANTED.items()})


def _sum(text: str, name: str) -> float:
    """Add up all series of a counter (Prometheus text format)."""
    series = (line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{")))
    return sum(float(line.rpartition(" ")[2]) for line in series)
