"""Where the one server is that may be read and written now: at the address itself, or as its sentinels or its cluster say."""

import math
import time
from typing import Final, Protocol

from gateway.store.address import StoreAddress
from gateway.store.cluster import ClusterNodes
from gateway.store.link import Link, open_link
from gateway.store.sentinels import Sentinels

CERTAIN: Final = 0.2
"""Seconds for which what was found is used without asking again. A master that was replaced in good health takes writes for many seconds
before its sentinels demote it, and then forgets them: an open connection and its role prove nothing."""


class Whereabouts(Protocol):
    """Who knows where the server is, and whether it still is the right one."""

    async def find(self) -> StoreAddress:
        """Where to connect now. Raises StoreUnavailableError."""

    async def keep(self, every: float) -> None:
        """Run while that server is followed; look every `every` seconds. Raises StoreUnavailableError when it is another one."""

    def age(self) -> float:
        """Seconds since when it is known for certain that this is the right server."""

    def doubt(self) -> str:
        """Why that is not known any more; empty while it is."""


class Fixed:
    """An address that stands for itself."""

    def __init__(self, address: StoreAddress) -> None:
        self._address = address

    def __repr__(self) -> str:
        return f"Fixed({self._address})"

    async def find(self) -> StoreAddress:
        """Answer the address."""
        return self._address

    async def keep(self, every: float) -> None:
        """Nothing can change."""

    def age(self) -> float:
        """Always certain."""
        return 0.0

    def doubt(self) -> str:
        """Never any."""
        return ""


def whereabouts(address: StoreAddress, timeout: float) -> Whereabouts:
    """Choose who knows."""
    match address.kind:
        case "sentinel":
            return Sentinels(address, timeout)
        case "cluster":
            return ClusterNodes(address, timeout)
        case "embedded" | "tcp" | "unix":
            return Fixed(address)


class Position:
    """Where the server is, for whoever uses it now and then."""

    def __init__(self, knower: Whereabouts) -> None:
        self._knower = knower
        self._place: StoreAddress | None = None
        self._found_at = -math.inf

    def __repr__(self) -> str:
        return f"Position({self._place}, told by {self._knower})"

    def forget(self) -> None:
        """It was the wrong one: look again at the next question."""
        self._found_at = -math.inf

    async def find(self) -> StoreAddress:
        """Answer what was found just now, or look again. Raises StoreUnavailableError."""
        asked_at = time.monotonic()
        if self._place is None or asked_at - self._found_at > CERTAIN:
            self._place = await self._knower.find()
            self._found_at = asked_at
        return self._place


async def open_store(address: StoreAddress, timeout: float) -> Link:  # noqa: ASYNC109 (kept for every later call)
    """Connect to the server that may be read and written now. Raises StoreUnavailableError."""
    return await open_link(await whereabouts(address, timeout).find(), timeout)
