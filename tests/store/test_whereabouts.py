import asyncio

import pytest
from support.servers import RedisServer

from gateway.store.address import StoreAddress, parse_address
from gateway.store.cluster import ClusterNodes
from gateway.store.sentinels import Sentinels
from gateway.store.whereabouts import CERTAIN, Fixed, Position, open_store, whereabouts


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://h", Fixed),
        ("rediss://h", Fixed),
        ("unix:///s", Fixed),
        ("embedded", Fixed),
        ("redis+sentinel://h/main", Sentinels),
        ("rediss+cluster://h", ClusterNodes),
    ],
)
def test_who_knows(url: str, kind: type) -> None:
    assert type(whereabouts(parse_address(url), 1.0)) is kind


async def test_an_address_that_stands_for_itself_is_certain(redis_server: RedisServer) -> None:
    address = parse_address(redis_server.url)
    fixed = whereabouts(address, 0.5)
    assert await fixed.find() is address
    await fixed.keep(0.01)
    assert fixed.age() == 0
    link = await open_store(address, 0.5)
    assert await link.call("PING") == b"PONG"
    link.close()


class Counting(Fixed):
    """Counts how often it was asked."""

    asked = 0

    async def find(self) -> StoreAddress:
        self.asked += 1
        return await super().find()


async def test_a_position_is_asked_for_again_when_it_is_old_or_wrong() -> None:
    knower = Counting(parse_address("redis://h"))
    position = Position(knower)
    await position.find()
    await position.find()
    assert knower.asked == 1
    position.forget()
    await position.find()
    assert knower.asked == 2
    await asyncio.sleep(CERTAIN)
    await position.find()
    assert knower.asked == 3
