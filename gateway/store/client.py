"""A plain client for commands and reads, not for watching: each use goes to whichever server is the master at that moment."""

import asyncio
from typing import Any, Final

import redis.asyncio
from redis.asyncio.connection import Connection, ConnectionPool, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    ReadOnlyError,
    TryAgainError,
    WatchError,
)

from gateway.store.address import Endpoint, StoreAddress, resolve, tls_context
from gateway.store.whereabouts import Position, whereabouts

PAUSE: Final = 0.05
"""Seconds before another server is looked for."""

ELSEWHERE: Final = (MovedError, AskError, TryAgainError, ClusterDownError, MasterDownError, ReadOnlyError)
"""Answers of a server that is not, or not yet, the one to ask: nothing was done."""


class MisplacedError(WatchError):
    """Another server has to be asked: nothing was done, and whoever had begun a transaction (WATCH) begins it anew."""


class FoundConnection(Connection):
    """Goes to the server that is the right one now: looked for at each use, and at once after an answer of `ELSEWHERE`."""

    def __init__(self, *, position: Position, **options: Any) -> None:  # noqa: ANN401 (redis-py's own)
        self._position = position
        super().__init__(**options)

    async def connect(self) -> None:
        """Connect, if not connected to the right server (called whenever the pool hands it out)."""
        if self.is_connected and self._here() not in (await self._position.find()).endpoints:
            await self.disconnect()
        await super().connect()  # type: ignore[no-untyped-call]

    async def connect_check_health(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        """Find the server, then connect."""
        if not self.is_connected:
            ((self.host, self.port),) = (await self._position.find()).endpoints
        await super().connect_check_health(*arguments, **options)

    async def read_response(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        """Read one reply. Raises MisplacedError instead of `ELSEWHERE`; the next command goes to where the server is then."""
        try:
            return await super().read_response(*arguments, **options)
        except ELSEWHERE as error:
            self._position.forget()
            await self.disconnect()
            await asyncio.sleep(PAUSE)
            raise MisplacedError(f"no server takes it now: {error}") from None

    def _here(self) -> Endpoint:
        return self.host, self.port


class SecureConnection(SSLConnection):
    """Believes the authorities that the watch believes and no other: redis-py alone would trust the system's besides those named."""

    def __init__(self, *, address: StoreAddress, **options: Any) -> None:  # noqa: ANN401 (redis-py's own)
        super().__init__(**options)
        self.ssl_context.context = tls_context(address)


class FoundSecureConnection(FoundConnection, SecureConnection):
    """The same for a server that has to be found."""


def connect(address: StoreAddress, timeout: float = 2.0) -> "redis.asyncio.Redis":
    """Make a client, connected on first use; no retries. StoreUnavailableError, here or on use, where no master can be found."""
    target = resolve(address)
    options: dict[str, Any] = {
        "db": target.database,
        "username": target.username or None,
        "password": target.password or None,
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    if target.kind in ("sentinel", "cluster"):
        options["position"] = Position(whereabouts(target, timeout))
        options["connection_class"] = FoundSecureConnection if target.tls else FoundConnection
    elif target.kind == "unix":
        options |= {"connection_class": UnixDomainSocketConnection, "path": target.path}
    else:
        options["connection_class"] = SecureConnection if target.tls else Connection
        ((options["host"], options["port"]),) = target.endpoints
    if target.tls:
        options["address"] = target
    return redis.asyncio.Redis.from_pool(ConnectionPool(**options))
