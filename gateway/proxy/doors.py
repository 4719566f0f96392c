"""The callers' connections of one worker: how many there may be, who is there, and how everyone leaves in good order."""

import asyncio
from collections.abc import Callable
from typing import Final

from gateway.location.address import Networks, origin
from gateway.proxy.crowd import Crowd
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.evidence import Witness
from gateway.proxy.listener import Connection
from gateway.settings.shape import Limits

DRAIN_TICK: Final = 0.02


class Doors:
    """Who may come in, and who is inside. `now` gives the loop's seconds; connections of `trusted` proxies are counted for no address."""

    def __init__(self, deadlines: Deadlines, witness: Witness, now: Callable[[], float]) -> None:
        self.connections: set[Connection] = set()
        self.draining = False
        self.trusted: Networks = ()
        self._addresses = Crowd()
        self._organisations = Crowd()
        self._deadlines = deadlines
        self._witness = witness
        self._now = now

    def __repr__(self) -> str:
        return f"<Doors {len(self.connections)} inside{', draining' if self.draining else ''}>"

    def admit(self, connection: Connection, limits: Limits) -> None:
        """Enter a new connection, or close it unserved where there are as many as there may be."""
        if len(self.connections) >= limits.connections or self.draining:
            self._witness.on_unserved("draining" if self.draining else "too_many")
            connection.abort()
            return
        self.connections.add(connection)
        self._deadlines.watch(connection)
        if limits.connections_per_address:
            whose = origin(connection.peer, self.trusted)
            if not self._addresses.move(connection, whose, limits.connections_per_address):
                self._witness.on_unserved("address")
                connection.abort()

    def belongs(self, connection: Connection, organisation: str | None, limits: Limits) -> bool:
        """Count a connection for the organisation that has asked on it last; False where there are enough of that one."""
        if self._organisations.move(connection, organisation or "", limits.connections_per_organisation):
            return True
        self._witness.on_unserved("organisation")
        return False

    def dismiss(self, connection: Connection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        self._addresses.leave(connection)
        self._organisations.leave(connection)
        self._deadlines.forget(connection)

    async def drain(self, patience: float) -> None:
        """Serve no new request, let the running ones end, at most `patience` seconds."""
        self.draining = True
        for connection in list(self.connections):
            connection.retire()
        deadline = self._now() + patience
        while self.connections and self._now() < deadline:  # noqa: ASYNC110 - thousands of connections need no event for this one wait
            await asyncio.sleep(DRAIN_TICK)
        for connection in list(self.connections):
            if connection.relay is not None:
                connection.relay.end_for_drain()
        await asyncio.sleep(DRAIN_TICK)  # the last events leave

    def close(self) -> None:
        """Break off whoever is left."""
        for connection in list(self.connections):
            connection.abort()
