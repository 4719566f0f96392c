import asyncio
from collections.abc import Generator

import pytest
from support.servers import RedisServer
from support.witness import CATALOGUE, read_clock

from gateway.errors import StoreUnavailableError
from gateway.settings.shape import Store
from gateway.store.address import parse_address
from gateway.store.reading import read_once, stepwise


async def test_the_policy_is_read_once(store_server: RedisServer) -> None:
    store_server.cli("HSET", "gateway:allowlist:luna", "org_acme", "{}")
    snapshot = await read_once(parse_address(store_server.url), Store(), CATALOGUE, frozenset, read_clock)
    assert snapshot.grants["luna"].keys() == {"org_acme"}
    assert snapshot.initialised
    assert snapshot.max_staleness == 60.0


async def test_nobody_there_is_said() -> None:
    with pytest.raises(StoreUnavailableError):
        await read_once(parse_address("redis://127.0.0.1:1"), Store(), CATALOGUE, frozenset, read_clock)


async def test_others_get_their_turn_between_steps() -> None:
    order: list[str] = []

    def steps() -> Generator[None, None, int]:
        for _ in range(3):
            order.append("step")
            yield
        return 7

    async def other() -> None:
        for _ in range(3):
            order.append("other")
            await asyncio.sleep(0)

    answer, _ = await asyncio.gather(stepwise(steps()), other())
    assert answer == 7
    assert order == ["step", "other"] * 3
