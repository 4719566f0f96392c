"""Where each worker reports what it has applied: the hash `gateway:replicas`, over a connection of its own that nothing else waits for.

The key is not tracked, so reports never make a policy be read again. Failures are StoreUnavailableError; the next call connects anew.
"""

import time
from collections.abc import Mapping
from typing import Final, cast

from msgspec import Struct

from gateway.errors import StoreUnavailableError
from gateway.store.address import StoreAddress
from gateway.store.keys import Keys
from gateway.store.link import Link, open_link
from gateway.store.resp import Reply, ServerError
from gateway.store.whereabouts import Position, whereabouts

_ELSEWHERE: Final = ("MOVED", "READONLY")
"""Another server is the one to ask, and this one has done nothing."""


class StoreTime(Struct, frozen=True):
    """The store's clock as read in one round trip: it showed `shown` at some instant from `asked` to `answered` (steady)."""

    shown: float
    asked: float
    answered: float

    def latest(self, steady: float) -> float:
        """Give what the store's clock showed at `steady`, or a little later."""
        return self.shown - (self.asked - steady)

    def earliest(self, steady: float) -> float:
        """Give what it showed then, or a little earlier."""
        return self.shown - (self.answered - steady)


class ReplicaRegister:
    """Connects when first used; `close` it."""

    def __init__(self, address: StoreAddress, keys: Keys, timeout: float) -> None:
        self._position = Position(whereabouts(address, timeout))
        self._key = keys.replicas
        self._timeout = timeout
        self._place: StoreAddress | None = None
        self._link: Link | None = None

    def __repr__(self) -> str:
        return f"ReplicaRegister({self._key}, {self._link})"

    async def time(self) -> StoreTime:
        """Read the store's clock."""
        await self._connected()
        asked = time.monotonic()
        seconds, microseconds = cast("tuple[bytes, bytes]", await self._call("TIME"))
        return StoreTime(int(seconds) + int(microseconds) / 1e6, asked, time.monotonic())

    async def report(self, worker: str, report: bytes) -> None:
        """Replace the worker's report."""
        await self._call("HSET", self._key, worker, report)

    async def remove(self, *workers: str) -> None:
        """Take workers that have ended off the list."""
        if workers:
            await self._call("HDEL", self._key, *workers)

    async def read(self) -> Mapping[str, bytes]:
        """Answer every report."""
        flat = cast("list[bytes]", await self._call("HGETALL", self._key))
        return {name.decode("utf-8", "surrogateescape"): told for name, told in zip(flat[::2], flat[1::2], strict=True)}

    def close(self) -> None:
        """Drop the connection."""
        if self._link is not None:
            self._link.close()
            self._link = None

    async def _connected(self) -> Link:
        place = await self._position.find()
        if self._link is not None and self._place != place:
            self.close()
        if self._link is None or self._link.lost is not None:
            self._link, self._place = await open_link(place, self._timeout), place
        return self._link

    async def _call(self, *command: str | bytes, redirects: int = 1) -> Reply:
        link = await self._connected()
        try:
            return await link.call(*(part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part for part in command))
        except ServerError as error:
            self.close()
            self._position.forget()
            if error.code not in _ELSEWHERE or not redirects:
                raise StoreUnavailableError(f"the replica's report: {error}") from None
        return await self._call(*command, redirects=redirects - 1)
