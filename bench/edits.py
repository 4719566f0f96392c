"""The edits that revoke: typed raw as with redis-cli, or made by the tools' writer. Each gives when it began (epoch seconds)."""

import asyncio
import time
from pathlib import Path
from typing import Final, Protocol, Self

import redis.asyncio

from bench.call import STREAM_MODEL
from bench.raw import RawStore
from gateway.store.keys import Keys
from gateway.store.writer import PolicyWriter

SUSPENDED: Final = '{"stage":"suspended"}'
KEYS: Final = Keys()


class Edits(Protocol):
    """Two ways to end streams of the streamed model: of one organisation, or of all."""

    way: str

    def remove(self, organisation: str) -> float:
        """Take the organisation off the model's allowlist."""

    def suspend(self) -> float:
        """Suspend the model."""


class RawEdits:
    """HDEL and HSET on a connection of its own."""

    way = "raw"

    def __init__(self, path: Path) -> None:
        self._store = RawStore(path)

    def remove(self, organisation: str) -> float:
        """HDEL of the grant."""
        return self._send("HDEL", KEYS.allowlist(STREAM_MODEL), organisation)

    def suspend(self) -> float:
        """HSET of the stage."""
        return self._send("HSET", KEYS.models, STREAM_MODEL, SUSPENDED)

    def restore(self, organisations: list[str]) -> None:
        """Grant again, and lift the suspension (the model's own stage holds then)."""
        self._store.command("HDEL", KEYS.models, STREAM_MODEL)
        for organisation in organisations:
            self._store.command("HSET", KEYS.allowlist(STREAM_MODEL), organisation, "{}")

    def close(self) -> None:
        """Leave."""
        self._store.close()

    def _send(self, *words: str) -> float:
        began = time.time()
        self._store.send(*words)
        self._store.reply()
        return began


class ToolEdits:
    """The operators' tools without their start: one transaction per change, with revision and change record."""

    way = "tool"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        """Connect."""
        self._client = redis.asyncio.Redis(unix_socket_path=str(self._path), protocol=2)
        self._writer = PolicyWriter(self._client, KEYS)
        self._runner.run(self._ping())
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self._runner.run(self._client.aclose())
        self._runner.close()

    def remove(self, organisation: str) -> float:
        """Remove the grant, as `partner remove` does."""
        began = time.time()
        self._runner.run(self._writer.remove_grant(STREAM_MODEL, organisation, "bench", "revocation under measurement"))
        return began

    def suspend(self) -> float:
        """Set the stage, as `model stage` does."""
        began = time.time()
        self._runner.run(self._writer.put_stage(STREAM_MODEL, SUSPENDED, "bench", "revocation under measurement"))
        return began

    async def _ping(self) -> None:
        await self._client.ping()
