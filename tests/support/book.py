"""A ledger in memory, for screenplays."""

import asyncio
from collections.abc import Sequence

from gateway.errors import StoreUnavailableError
from gateway.policy.holding import Holding


class Book:
    """A ledger in memory that answers when it may."""

    def __init__(self) -> None:
        self.entries: dict[str, Holding] = {}
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False
        self.asked = 0
        self.answered = 0

    async def _wait(self) -> None:
        self.asked += 1
        await self.open.wait()
        self.answered += 1
        if self.broken:
            raise StoreUnavailableError("the ledger does not answer")

    async def enter(self, upstream: str, names: tuple[str, ...], holding: Holding) -> bool:
        del upstream
        await self._wait()
        return all(self.entries.setdefault(name, holding).owner == holding.owner for name in names)

    async def look_up(self, upstream: str, names: Sequence[str]) -> list[Holding | None]:
        del upstream
        await self._wait()
        return [self.entries.get(name) for name in names]

    async def mark(self, upstream: str, names: Sequence[str], models: Sequence[str]) -> None:
        del upstream, names, models
        await self._wait()

    async def remove(self, upstream: str, name: str) -> None:
        del upstream
        await self._wait()
        self.entries.pop(name, None)
