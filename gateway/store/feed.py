"""The dedicated connection on which the server tells of every changed policy key: `CLIENT TRACKING ON BCAST` over RESP3.

Pushes carry names only, never content: they mark the policy dirty, and it is read again. A null push (FLUSHALL, a resync) marks it too.
"""

import asyncio
import time

from gateway.errors import StoreUnavailableError
from gateway.store.address import StoreAddress
from gateway.store.keys import Keys
from gateway.store.link import Link, open_link
from gateway.store.resp import Push, ServerError

Identity = tuple[bytes, bytes]
"""Run id and replication id: another value is another server or another history of the data."""


class Feed:
    """Open with `open_feed`. `dirty` since the last `begin_reading`; `news` is set by a change, by the loss of the connection.

    `seen_at`: when the first change since then was heard, steady seconds.
    """

    def __init__(self, keys: Keys, watcher: str) -> None:
        self._canary = keys.canary(watcher).encode()
        self._loop = asyncio.get_running_loop()
        self.link: Link
        self.identity: Identity = (b"", b"")
        self.news = asyncio.Event()
        self.dirty = True
        self.seen_at = time.monotonic()
        self.canary_heard_at: float | None = None

    def __repr__(self) -> str:
        return f"Feed({'dirty' if self.dirty else 'clean'}, {self.link})"

    def begin_reading(self) -> None:
        """Forget earlier changes: what follows is read after them."""
        self.dirty = False
        self.news.clear()

    def forget_canary(self) -> None:
        """A new one is about to sing."""
        self.canary_heard_at = None

    def mark_dirty(self) -> None:
        """Something may have changed: read again."""
        if not self.dirty:
            self.seen_at = time.monotonic()
        self.dirty = True
        self.news.set()

    def hear(self, push: Push) -> None:
        """Take one push of the server."""
        if push[0] != b"invalidate":
            return
        changed = push[1]
        if changed == [self._canary]:
            self.canary_heard_at = self._loop.time()
        else:
            self.mark_dirty()

    def check(self) -> None:
        """Raise StoreUnavailableError if the connection is lost."""
        if self.link.lost is not None:
            raise StoreUnavailableError(f"store connection: {self.link.lost}")

    async def confirm(self) -> None:
        """One round trip: when it returns, everything pushed before it has been heard. Raises unless the server is still a master."""
        role = await self.link.call("ROLE")
        if role[0] != b"master":
            raise StoreUnavailableError(
                f"the store is a {role[0].decode('ascii', 'replace')} now, not the master: its policy may lag behind"
            )

    async def check_identity(self) -> None:
        """Raise StoreUnavailableError if another server answers now, or the same one with another history."""
        if await read_identity(self.link) != self.identity:
            raise StoreUnavailableError("the store was replaced or its data exchanged")


async def open_feed(address: StoreAddress, keys: Keys, watcher: str, timeout: float) -> Feed:  # noqa: ASYNC109 (kept for every later call)
    """Connect, see that it is a master, turn tracking on. Raises StoreUnavailableError."""
    feed = Feed(keys, watcher)
    feed.link = await open_link(address, timeout, feed.hear, feed.news.set)
    prefixes = [part for prefix in keys.tracked(watcher) for part in ("PREFIX", prefix)]
    try:
        await feed.confirm()
        await feed.link.call("CLIENT", "TRACKING", "ON", "BCAST", *prefixes)
        feed.identity = await read_identity(feed.link)
    except ServerError as error:
        feed.link.close()
        raise StoreUnavailableError(f"{address}: {error}") from None
    except BaseException:
        feed.link.close()
        raise
    return feed


async def read_identity(link: Link) -> Identity:
    """Ask the server who it is."""
    server, replication = await link.batch([("INFO", "server"), ("INFO", "replication")])
    return _line(server, b"run_id:"), _line(replication, b"master_replid:")


def _line(reply: object, name: bytes) -> bytes:
    lines = reply.splitlines() if isinstance(reply, bytes) else ()
    return next((line[len(name) :] for line in lines if line.startswith(name)), b"")
