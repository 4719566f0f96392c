"""What one worker has of one organisation's share of one model: requests taken from the store ahead of need, places held there.

No I/O and no clock: instants are steady seconds, and handed in.
"""

import asyncio
from typing import Final

from gateway.policy.access import Instant
from gateway.policy.gcra import SECOND, take
from gateway.policy.share import UNLIMITED, Excess, Share
from gateway.policy.snapshot import Grant, Model

LONGEST: Final = 60.0
"""Seconds for which official SDKs wait when told; for longer they go by a pause of their own, which would be too short."""
RECHECK: Final = 0.1
"""Seconds in which a share whose places are all taken is not asked for again."""
PATIENCE: Final = 1.0
"""Seconds after which a caller may look again for a place: when one will be free cannot be known."""
SPREAD: Final = 8
BATCHES: Final = 8
"""A worker holds at most one in so many of the requests that may come at once."""
SPARE: Final = 16
"""And one in so many places more than it needs."""


class Allotment:
    """`left` requests can be used at once, negative: on credit. `places` can be held. Before `free_at` there is no further request.

    `used`: how many asked since the last round, `idle`: for how many rounds nobody did.
    """

    __slots__ = (
        "_arrival",
        "_promised",
        "_said",
        "batch",
        "free_at",
        "full_until",
        "idle",
        "left",
        "model",
        "organisation",
        "pending",
        "places",
        "refused",
        "share",
        "used",
        "waiting",
    )

    def __init__(self, model: str, organisation: str | None) -> None:
        self.model = model
        self.organisation = organisation
        self.share = UNLIMITED
        self.left = 0
        self.places = 0
        self.batch = 1
        self.free_at = 0.0
        self.full_until = 0.0
        self.waiting = 0
        self.idle = 0
        self.used = 0
        self.refused = 0
        self.pending: asyncio.Future[None] | None = None
        self._said: tuple[Model | None, Grant | None] = (None, None)
        self._promised = 0.0
        self._arrival = 0

    def __repr__(self) -> str:
        return f"<Allotment {self.organisation} of {self.model}: {self.left} requests, {self.places} places>"

    def agree(self, model: Model, grant: Grant | None) -> Share:
        """Give the share as it is said now. Where that is another one, what was taken under the old is let go."""
        if self._said[0] is not model or self._said[1] is not grant:
            self._said = model, grant
            share = model.share if grant is None else grant.share.over(model.share)
            if share != self.share:
                self.share = share
                self.left, self.batch, self.free_at, self.full_until, self._promised = min(self.left, 0), 1, 0.0, 0.0, 0.0
        return self.share

    # -- with the store -----------------------------------------------------------------------------------------------

    @property
    def low(self) -> bool:
        """Whether it is time to take more, ahead of need."""
        return self.batch > 1 and self.left <= self.batch // 4

    def wanted_requests(self) -> int:
        """How many to ask for: twice as many as last time while all are used, never more than a part of the burst, but all who wait."""
        rate = self.share.rate
        if rate is None or (self.left > 0 and not self.low):
            return 0
        return min(max(self.batch, self.waiting), rate.burst)

    def wanted_places(self, held: int) -> int:
        """How many to hold while `held` are in use and others wait. Never fewer than now: they may be taken before the answer comes."""
        concurrent = self.share.concurrent
        return min(max(held + self.waiting + concurrent // SPARE, self.places), concurrent) if concurrent else 0

    def pay(self) -> int:
        """How many were used on credit; they are counted now."""
        debt, self.left = max(0, -self.left), max(0, self.left)
        return debt

    def end_round(self) -> int:
        """The same, less what is given back (negative): all that another round like this one would not use. So nothing is held for long."""
        self.idle = 0 if self.used else self.idle + 1
        surplus = self.left - self.used
        self.used = 0
        if surplus <= 0:
            return self.pay()
        self.left -= surplus
        self.batch = max(1, min(self.batch, self.left))
        return -surplus

    def receive(self, asked: int, given: int, wait: float, now: float) -> None:
        """Take in `given` of `asked` requests; where there was none, one will come in `wait` seconds."""
        self.left += given
        rate = self.share.rate
        if asked and not given:
            self.free_at = now + wait
            self.batch = 1
        elif rate is not None and given == asked:
            self.batch = max(1, min(self.batch * 2, rate.burst // BATCHES))

    # -- without it ---------------------------------------------------------------------------------------------------

    def take_part(self, workers: int, now: float) -> bool:
        """Take one request from this worker's own part of the rate."""
        rate = self.share.rate
        if rate is None:
            return True
        part = rate.part(workers)
        taken = take(self._arrival, int(now * SECOND), part, 1)
        self._arrival = taken.arrival
        if not taken.granted:
            self.free_at = now + taken.wait / SECOND
        return taken.granted == 1

    # -- no more ------------------------------------------------------------------------------------------------------

    def exceed_rate(self, now: Instant) -> Excess:
        """Refuse for want of requests. Several callers are told times an interval apart, or they would all come at once."""
        rate = self.share.rate
        self.refused += 1
        interval, whole = (rate.interval / SECOND, rate.tolerance / SECOND) if rate is not None else (0.0, 0.0)
        due = max(self.free_at, self._promised, now.steady)
        wait = due - now.steady
        if wait <= LONGEST:
            self._promised = due + interval
        return Excess(self.share, concurrent=False, wait=wait, whole=whole, at=now.wall, again=wait <= LONGEST)

    def exceed_places(self, now: Instant) -> Excess:
        """Refuse for want of a place."""
        self.refused += 1
        wait = PATIENCE * (1 + self.refused % SPREAD / SPREAD)
        return Excess(self.share, concurrent=True, wait=wait, whole=wait, at=now.wall)
