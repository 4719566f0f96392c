"""A policy watch on a real server, and everything that it published."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol

import pytest

from gateway.policy.access import Instant
from gateway.policy.snapshot import Model, Snapshot
from gateway.settings.shape import Store
from gateway.store.address import StoreAddress, parse_address
from gateway.store.watch import PolicyWatch

PATIENCE = 20.0
AT_ONCE = 2.0
"""Seconds within which what is told is seen, on a busy machine too."""

LUNA = Model(id="luna", upstream="lab", aliases=("luna-latest",))
TERRA = Model(id="terra", upstream="lab")
OPEN = Model(id="open", upstream="lab", gated=False)
CATALOGUE: Mapping[str, Model] = {"luna": LUNA, "luna-latest": LUNA, "terra": TERRA, "open": OPEN}


def read_clock() -> Instant:
    return Instant(time.time(), time.monotonic())


async def eventually(condition: Callable[[], object], what: str) -> None:
    """Return once `condition` is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"after {PATIENCE} s still no {what}")
        await asyncio.sleep(0.002)


class Addressed(Protocol):
    """A server, or servers that stand for each other."""

    @property
    def url(self) -> str:
        """Address of the store."""


class Witness:
    """A running watch, and every publication in order."""

    def __init__(self, store: Addressed | StoreAddress, settings: Store) -> None:
        self.published: list[tuple[Snapshot, Snapshot, frozenset[str] | None]] = []
        address = store if isinstance(store, StoreAddress) else parse_address(store.url, prefix=settings.prefix)
        self.watch = PolicyWatch(address, settings, CATALOGUE, frozenset, read_clock, self._note)

    def _note(self, old: Snapshot, new: Snapshot, touched: frozenset[str] | None) -> None:
        assert new is self.watch.snapshot, "the snapshot is swapped before it is told"
        self.published.append((old, new, touched))

    @property
    def snapshot(self) -> Snapshot:
        return self.watch.snapshot

    def admits(self, organisation: str, model: str = "luna") -> bool:
        return organisation in self.snapshot.grants.get(model, {})

    async def sees(self, condition: Callable[[Snapshot], object], what: str) -> Snapshot:
        await eventually(lambda: condition(self.snapshot), what)
        return self.snapshot

    async def settled(self) -> None:
        """Wait for a confirmation that began after now: everything written so far has been taken in."""
        now = time.monotonic()
        await eventually(lambda: self.snapshot.confirmed_at > now, "confirmation")


Watching = Callable[..., Awaitable[Witness]]


@pytest.fixture
async def watching() -> AsyncIterator[Watching]:
    """Start a watch on a server; keyword arguments are settings of the store."""
    started: list[Witness] = []

    async def start(server: Addressed, **settings: Any) -> Witness:
        witness = Witness(server, Store(**({"canary_every": 0.05, "timeout": 0.5} | settings)))
        started.append(witness)
        await witness.watch.start()
        return witness

    yield start
    for witness in started:
        await witness.watch.stop()
