"""Who waits for a connection to an upstream: organisations take turns, and in each the first who came is the first served.

So an organisation with a thousand requests waiting delays another's only one by one turn, not by a thousand.
"""

import asyncio
from collections import deque
from typing import Generic, TypeVar

Served = TypeVar("Served")


class Waiting(Generic[Served]):
    """Futures by organisation. The order of the lines is the order of turns."""

    def __init__(self) -> None:
        self._lines: dict[str | None, deque[asyncio.Future[Served]]] = {}

    def __repr__(self) -> str:
        return f"<Waiting {len(self)} of {len(self._lines)} organisations>"

    def __len__(self) -> int:
        return sum(not waiter.done() for line in self._lines.values() for waiter in line)

    def join(self, organisation: str | None, waiter: asyncio.Future[Served]) -> None:
        """Wait; a new organisation's turn comes after everyone's."""
        self._lines.setdefault(organisation, deque()).append(waiter)

    def leave(self, organisation: str | None, waiter: asyncio.Future[Served]) -> None:
        """Wait no more; nothing happens where it was served."""
        line = self._lines.get(organisation)
        if line is not None and waiter in line:
            line.remove(waiter)
            if not line:
                del self._lines[organisation]

    def next(self) -> asyncio.Future[Served] | None:
        """Take out whose turn it is, None where nobody waits."""
        while self._lines:
            organisation, line = next(iter(self._lines.items()))
            del self._lines[organisation]
            waiter = line.popleft()
            if line:
                self._lines[organisation] = line
            if not waiter.done():
                return waiter
        return None
