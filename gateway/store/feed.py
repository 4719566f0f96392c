"""The dedicated connection on which the server tells of every changed policy key: `CLIENT TRACKING ON BCAST` over RESP3.

Pushes carry names only, never content: they mark the policy dirty, and it is read again. A null push (FLUSHALL, a resync) marks it too.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Final, TypeVar

from gateway.errors import StoreUnavailableError
from gateway.store.address import StoreAddress
from gateway.store.keys import Keys
from gateway.store.link import Link, open_link
from gateway.store.load import load
from gateway.store.mastery import require_master
from gateway.store.resp import Push, ServerError
from gateway.store.stored import Stored

Identity = tuple[bytes, bytes]
"""Run id and replication id: another value is another server or another history of the data."""

EVICTING: Final = (
    "the server may throw keys away when its memory is full (maxmemory-policy {policy}): a revocation or a directive "
    "thrown away is no longer in force. Set noeviction, or volatile-lru"
)

FeedT = TypeVar("FeedT", bound="Feed")


class Feed:
    """Open with `open_feed`, `close` it. `dirty` since the last `begin_reading`; `news` is set by a change, by the loss of the connection.

    `seen_at`: when the first change since then was heard, steady seconds.
    """

    def __init__(self, keys: Keys, watcher: str) -> None:
        self._keys = keys
        self._canary = keys.canary(watcher).encode()
        self._prefixes = [part for prefix in keys.tracked(watcher) for part in ("PREFIX", prefix)]
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
        await require_master(self.link)

    async def read(self, models: Iterable[str]) -> Stored:
        """Read the policy about these models (ids) as it is at one instant; later changes leave the feed dirty."""
        self.begin_reading()
        return await load(self.link, self._keys, models)

    async def visit(self, models: Iterable[str]) -> None:
        """Have the server look at every key of the policy: one whose time to live is over is only then gone for certain, and told of."""
        keys = self._keys
        names = (keys.models, keys.directives, keys.revocations, keys.revision, *map(keys.allowlist, models))
        await self.link.batch([("EXISTS", *names)])  # that a right is missing, or the slot on its way, is seen elsewhere

    async def risk(self) -> str:
        """Say what about this server's settings may lose policy by itself; empty where nothing does. Raises ServerError."""
        memory = await self.link.call("INFO", "memory")
        policy = _line(memory, b"maxmemory_policy:")
        if policy.startswith(b"allkeys") and _line(memory, b"maxmemory:") not in (b"", b"0"):
            return EVICTING.format(policy=policy.decode("ascii", "replace"))
        return ""

    async def track(self, link: Link) -> None:
        """Have the server at the other end tell of changes. Raises ServerError."""
        await link.call("CLIENT", "TRACKING", "ON", "BCAST", *self._prefixes)

    def close(self) -> None:
        """Drop the connection."""
        self.link.close()

    async def check_identity(self) -> None:
        """Raise StoreUnavailableError if another server answers now, or the same one with another history."""
        if await read_identity(self.link) != self.identity:
            raise StoreUnavailableError("the store was replaced or its data exchanged")


async def open_feed(place: StoreAddress, keys: Keys, watcher: str, timeout: float) -> Feed:  # noqa: ASYNC109 (kept for every later call)
    """Connect to this server, see that it is a master, turn tracking on. Raises StoreUnavailableError."""
    return await begin(Feed(keys, watcher), place, timeout)


async def begin(feed: FeedT, place: StoreAddress, timeout: float) -> FeedT:  # noqa: ASYNC109 (kept for every later call)
    """Give the feed its connection to this server. Raises StoreUnavailableError."""
    feed.link = await open_link(place, timeout, feed.hear, feed.news.set)
    try:
        await feed.confirm()
        await feed.track(feed.link)
        feed.identity = await read_identity(feed.link)
    except ServerError as error:
        feed.close()
        raise StoreUnavailableError(f"{place}: {error}") from None
    except BaseException:
        feed.close()
        raise
    return feed


async def read_identity(link: Link) -> Identity:
    """Ask the server who it is. Raises ServerError if it does not say."""
    server, replication = await link.call("INFO", "server"), await link.call("INFO", "replication")
    return _line(server, b"run_id:"), _line(replication, b"master_replid:")


def _line(reply: object, name: bytes) -> bytes:
    lines = reply.splitlines() if isinstance(reply, bytes) else ()
    return next((line[len(name) :] for line in lines if line.startswith(name)), b"")
