"""Commands now and then, over a connection of its own to whichever server is the master: no news, no policy, nothing waits for it.

Failures are StoreUnavailableError; the next call connects anew.
"""

import asyncio
from typing import Final

from gateway.errors import StoreUnavailableError
from gateway.store.address import StoreAddress
from gateway.store.link import Command, Link, open_link
from gateway.store.resp import Reply, ServerError
from gateway.store.whereabouts import Position, whereabouts

_ELSEWHERE: Final = ("MOVED", "READONLY")
"""Another server is the one to ask, and this one has done nothing."""


class Errands:
    """Connects when first used; `close` it. `what` names the errand in errors. Each answer may take `timeout` seconds."""

    def __init__(self, address: StoreAddress, timeout: float, what: str) -> None:
        self._position = Position(whereabouts(address, timeout))
        self._timeout = timeout
        self._what = what
        self._place: StoreAddress | None = None
        self._link: Link | None = None
        self._connecting = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Errands: {self._what}, {self._link}>"

    async def connect(self) -> Link:
        """Give the connection to the right server, opened where there is none."""
        async with self._connecting:
            place = await self._position.find()
            if self._link is not None and self._place != place:
                self.close()
            if self._link is None or self._link.lost is not None:
                self._link, self._place = await open_link(place, self._timeout), place
            return self._link

    async def call(self, *command: str | bytes | int) -> Reply:
        """Send one command and await its reply."""
        (reply,) = await self.batch([command])
        return reply

    async def batch(self, commands: list[Command], redirects: int = 1) -> list[Reply]:
        """Send commands at once and await their replies, none of them an error; where another server is the one to ask, ask that."""
        link = await self.connect()
        replies = await link.batch([tuple(map(_bytes, command)) for command in commands])
        errors = [reply for reply in replies if isinstance(reply, ServerError)]
        if not errors:
            return replies
        self.close()
        self._position.forget()
        if len(errors) < len(commands) or not redirects or errors[0].code not in _ELSEWHERE:
            raise StoreUnavailableError(f"{self._what}: {errors[0]}")
        return await self.batch(commands, redirects - 1)

    def close(self) -> None:
        """Drop the connection."""
        if self._link is not None:
            self._link.close()
            self._link = None


def _bytes(part: str | bytes | int) -> bytes | int:
    return part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
