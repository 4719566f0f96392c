"""One conversation with the policy store: opened for a verb, closed with it; every way of losing it is one error."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import redis.asyncio
from msgspec import Struct
from redis.exceptions import RedisError, ResponseError

from gateway.clock import read_clock
from gateway.errors import CommandError, StoreUnavailableError
from gateway.policy.snapshot import Model, Snapshot
from gateway.settings.shape import Store
from gateway.store.address import StoreAddress, read_address
from gateway.store.client import connect
from gateway.store.keys import Keys
from gateway.store.reader import PolicyReader
from gateway.store.reading import read_once
from gateway.store.rules import Expand
from gateway.store.writer import PolicyWriter


class PolicySession(Struct, frozen=True):
    """An open store: `writer` makes changes, `reader` lists, `client` is for edits by hand, `address` never shows its password."""

    address: StoreAddress
    client: "redis.asyncio.Redis"
    keys: Keys
    reader: PolicyReader
    writer: PolicyWriter


@asynccontextmanager
async def open_policy(store: Store, expand: Expand = frozenset) -> AsyncIterator[PolicySession]:
    """Open the store of these settings; StoreUnavailableError names it where it does not answer, refuses us or may not be written.

    `expand` reads country groups in what is written, as a gate does: what it could not read is not written.
    """
    address = read_address(store, os.environ)
    client = connect(address, store.timeout)
    keys = Keys(address.prefix)
    try:
        yield PolicySession(address, client, keys, PolicyReader(client, keys), PolicyWriter(client, keys, expand))
    except ResponseError as refused:
        if str(refused).startswith("WRONGTYPE"):
            raise CommandError(
                "a key of the policy is of another type than it should be: `gateway status` names it. Remove it first"
            ) from None
        raise StoreUnavailableError(f"the policy store at {address} cannot be used: {refused}") from None
    except (RedisError, OSError) as lost:
        raise StoreUnavailableError(f"the policy store at {address} cannot be used: {lost}") from None
    finally:
        await client.aclose()


async def read_snapshot(store: Store, catalogue: Mapping[str, Model], expand: Expand) -> Snapshot:
    """Read the whole policy in one atomic step, as a gate would; raises StoreUnavailableError."""
    return await read_once(read_address(store, os.environ), store, catalogue, expand, read_clock)
