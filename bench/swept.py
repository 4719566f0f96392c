"""How long the gate itself says that its cuts took: its metric `gateway_revocation_seconds`, between two readings."""

import sys
import urllib.request
from typing import Final

from msgspec import Struct

from bench.peers.site import Peer

_NAME: Final = "gateway_revocation_seconds"
_SHARE: Final = 0.99


class Swept(Struct, frozen=True):
    """Sweeps that cut anything, of all workers: how many, seconds in all, and how many took up to each bound (Prometheus' `le`)."""

    count: float = 0.0
    seconds: float = 0.0
    within: tuple[tuple[float, float], ...] = ()

    def since(self, before: "Swept") -> "Swept":
        """What was added since an earlier reading."""
        known = dict(before.within)
        within = tuple((bound, count - known.get(bound, 0.0)) for bound, count in self.within)
        return Swept(self.count - before.count, self.seconds - before.seconds, within)

    @property
    def mean_milliseconds(self) -> float:
        """From a change seen to the last byte of what it cut; 0 where nothing was."""
        return self.seconds / self.count * 1e3 if self.count else 0.0

    @property
    def p99_bound_milliseconds(self) -> float:
        """The least bound below which 99 of 100 lie."""
        return next((bound for bound, count in self.within if count >= _SHARE * self.count), float("inf")) * 1e3


def read_swept(peer: Peer) -> Swept:
    """Scrape the gate once. Raises OSError if it does not answer."""
    with urllib.request.urlopen(f"http://127.0.0.1:{peer.admin_port}/metrics", timeout=10) as answer:
        return swept_from(answer.read().decode())


def swept_from(text: str) -> Swept:
    """Read it from the metrics' text (Prometheus text format)."""
    values = {name: float(value) for name, _, value in (line.rpartition(" ") for line in text.splitlines()) if name.startswith(_NAME)}
    bucket = f'{_NAME}_bucket{{le="'
    within = sorted(
        (min(float(name.removeprefix(bucket)[:-2]), sys.float_info.max), value) for name, value in values.items() if name.startswith(bucket)
    )
    return Swept(values.get(f"{_NAME}_count", 0.0), values.get(f"{_NAME}_sum", 0.0), tuple(within))
