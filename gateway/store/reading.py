"""The policy read once, for a question asked at the terminal; and the giving of turns while a long policy is decoded."""

import asyncio
import contextlib
from collections.abc import Callable, Generator, Mapping
from typing import TypeVar

from gateway.policy.access import Instant
from gateway.policy.snapshot import Model, Snapshot
from gateway.settings.shape import Store
from gateway.store.address import StoreAddress
from gateway.store.assembly import Assembly
from gateway.store.keys import Keys
from gateway.store.load import load
from gateway.store.rules import Expand
from gateway.store.whereabouts import open_store

T = TypeVar("T")


async def read_once(
    address: StoreAddress,
    settings: Store,
    catalogue: Mapping[str, Model],
    expand: Expand,
    clock: Callable[[], Instant],
) -> Snapshot:
    """Read the policy as it is now, without watching it. Raises StoreUnavailableError."""
    keys = Keys(address.prefix)
    assembly = Assembly(keys, catalogue, expand)
    link = await open_store(address, settings.timeout)
    with contextlib.closing(link):
        begun = clock().steady
        await stepwise(assembly.take(await load(link, keys, assembly.ids)))
    return assembly.snapshot(begun, settings.max_staleness)


async def stepwise(steps: Generator[None, None, T]) -> T:
    """Run `steps` to their end, giving the event loop its turn between them; what they return."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: T = end.value
            return value
        await asyncio.sleep(0)
