"""Where each worker reports what it has applied: the hash `gateway:replicas`, over a connection of its own that nothing else waits for.

The key is not tracked, so reports never make a policy be read again. Failures are StoreUnavailableError; the next call connects anew.
"""

import time
from collections.abc import Mapping
from typing import cast

from msgspec import Struct

from gateway.store.address import StoreAddress
from gateway.store.errands import Errands
from gateway.store.keys import Keys


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
        self._errands = Errands(address, timeout, "the replica's report")
        self._key = keys.replicas

    def __repr__(self) -> str:
        return f"ReplicaRegister({self._key}, {self._errands})"

    async def time(self) -> StoreTime:
        """Read the store's clock."""
        await self._errands.connect()
        asked = time.monotonic()
        seconds, microseconds = cast("tuple[bytes, bytes]", await self._errands.call("TIME"))
        return StoreTime(int(seconds) + int(microseconds) / 1e6, asked, time.monotonic())

    async def report(self, worker: str, report: bytes) -> None:
        """Replace the worker's report."""
        await self._errands.call("HSET", self._key, worker, report)

    async def remove(self, *workers: str) -> None:
        """Take workers that have ended off the list."""
        if workers:
            await self._errands.call("HDEL", self._key, *workers)

    async def read(self) -> Mapping[str, bytes]:
        """Answer every report."""
        flat = cast("list[bytes]", await self._errands.call("HGETALL", self._key))
        return {name.decode("utf-8", "surrogateescape"): told for name, told in zip(flat[::2], flat[1::2], strict=True)}

    def close(self) -> None:
        """Drop the connection."""
        self._errands.close()
