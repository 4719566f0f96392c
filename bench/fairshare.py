"""What fair share costs each request, by kind of limit, without asking the store: `python bench/fairshare.py`."""

import asyncio
import timeit
from collections.abc import Sequence
from typing import Final

from gateway.clock import read_clock
from gateway.policy.access import AccessRequest, Subject
from gateway.policy.decision import Permit
from gateway.policy.gcra import rate_of
from gateway.policy.share import UNLIMITED, Share
from gateway.policy.snapshot import Model, Snapshot
from gateway.proxy.fair_share import FairShare
from gateway.proxy.leases import LeaseBook
from gateway.store.shares import Asked, Given

LOOPS: Final = 1000
REPEATS: Final = 300
PLENTY: Final = 1_000_000
RATE: Final = rate_of(PLENTY, 1.0, PLENTY)
SHARES: Final = {
    "no limit on this model": UNLIMITED,
    "requests": Share(RATE, PLENTY, 1.0),
    "concurrent": Share(concurrent=PLENTY),
    "both": Share(RATE, PLENTY, 1.0, PLENTY),
    "refused": Share(rate_of(1, 3600.0, 1), 1, 3600.0),
}


class Plenty:
    """A store that gives whatever is asked for."""

    async def take(self, asked: Sequence[Asked]) -> list[Given]:
        """Give all, of the smallest share nothing."""
        return [Given(0 if each.share.requests == 1 else PLENTY, 3600.0, each.places and PLENTY) for each in asked]


async def nanoseconds(share: Share) -> float:
    """Measure one question, the best of many rounds."""
    model = Model("luna", "api", share=share)
    snapshot = Snapshot(catalogue={"luna": model})
    leases = LeaseBook(asyncio.get_running_loop(), lambda: snapshot, read_clock, lambda *_: None)
    fair_share = FairShare(Plenty(), leases, lambda: snapshot, read_clock, lambda: 1, lambda _: None)
    permit, now = Permit(AccessRequest(Subject("idp", "s", "acme"), "luna"), model, None, "stage:general", 1), read_clock()
    fair_share.judge(permit, now, credit=True)
    await asyncio.sleep(0.01)  # what it asks for comes
    return min(timeit.repeat(lambda: fair_share.judge(permit, now), number=LOOPS, repeat=REPEATS)) / LOOPS * 1e9


async def main() -> None:
    """Print one line a kind."""
    for name, share in SHARES.items():
        print(f"{name:24}{await nanoseconds(share):8.0f} ns")


if __name__ == "__main__":
    asyncio.run(main())
