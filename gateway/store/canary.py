"""The canary: a key written from a second connection, to prove that news of changes still reach the first, and how fast.

One round: write the key; when the server has answered, make a round trip on the feed. Whatever was changed before the write has been
pushed before that round trip ends, so a canary unheard by then means that tracking is broken, without waiting for a timeout.
"""

import asyncio
import math
from typing import Final

from gateway.errors import StoreUnavailableError
from gateway.store.feed import Feed
from gateway.store.link import Link
from gateway.store.resp import ServerError

LIFE: Final = 60
"""Seconds after which the key of a watcher that is gone disappears."""

_FATAL: Final = ("READONLY", "MASTERDOWN", "LOADING", "MOVED", "CLUSTERDOWN", "NOPERM")
"""Answers of a server that is not the one to follow, or that others may well write to although we may not."""


class Canary:
    """Sings on `link`, is heard on `feed`. `seconds`: from the last write to its news; NaN while the server refuses the write."""

    def __init__(self, link: Link, feed: Feed, key: str) -> None:
        self._link = link
        self._feed = feed
        self._key = key
        self._loop = asyncio.get_running_loop()
        self._sung = 0
        self.seconds = math.nan
        self.refused = ""

    def __repr__(self) -> str:
        return f"Canary({self._key}, {self.seconds * 1000:.3f} ms)"

    async def sing(self) -> None:
        """Make one round. Raises StoreUnavailableError if the news did not come, the server is no master, or we may not write the key.

        A server that refuses the write (out of memory, disk full) refuses changes too: the round trip is proof enough.
        """
        begun = self._loop.time()
        self._feed.forget_canary()
        written = await self._write()
        await self._feed.confirm()
        if not written:
            self.seconds = math.nan
        elif self._feed.canary_heard_at is None and not self._feed.dirty:
            raise StoreUnavailableError("the store no longer tells of changes: the canary was written and not heard")
        else:
            self.seconds = (self._feed.canary_heard_at or self._loop.time()) - begun

    async def _write(self) -> bool:
        """Write the key. If it does not hold what was last written, the data were exchanged (SWAPDB, FLUSHALL, a restore): read again."""
        expected = str(self._sung).encode() if self._sung else None
        self._sung += 1
        try:
            before = await self._link.call("SET", self._key, self._sung, "EX", LIFE, "GET")
        except ServerError as error:
            if error.code in _FATAL:
                raise StoreUnavailableError(f"the store refuses the canary {self._key}: {error}") from None
            self.refused = str(error)
            self._sung = 0
            return False
        self.refused = ""
        if expected is not None and before != expected:
            self._feed.mark_dirty()
        return True
