import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from support.servers import RedisServer
from support.witness import eventually

from gateway.errors import StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.link import BACKLOG, Link, open_link
from gateway.store.resp import ServerError


@contextlib.asynccontextmanager
async def linked(server: RedisServer, timeout: float = 0.5) -> AsyncIterator[Link]:  # noqa: ASYNC109 (the link's own)
    link = await open_link(parse_address(server.url), timeout)
    with contextlib.closing(link):
        yield link


async def test_commands_are_answered_in_order(store_server: RedisServer) -> None:
    async with linked(store_server) as link:
        assert await link.batch([("SET", "a", 1), ("GET", "a"), ("HGETALL", "a")])
        assert await asyncio.gather(*(link.call("ECHO", str(number)) for number in range(50))) == [b"%d" % number for number in range(50)]
        with pytest.raises(ServerError, match="WRONGTYPE"):
            await link.call("HGETALL", "a")


async def test_a_long_reply_leaves_the_loop_to_others(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.hset("long", mapping={f"org_{number}": "{}" for number in range(50_000)})
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with linked(redis_server) as link:
        counting = asyncio.create_task(count())
        reply = await link.call("HGETALL", "long")
        counting.cancel()
    assert len(reply) == 100_000
    assert turns > 50


class Valve(asyncio.Transport):
    """Only notes whether it is read."""

    reading = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Nobody is there."""


async def test_a_server_faster_than_we_read_has_to_wait() -> None:
    link, valve = Link(5.0, lambda _: None, lambda: None), Valve()
    link.connection_made(valve)
    asking = asyncio.create_task(link.call("HGETALL", "long"))
    await asyncio.sleep(0)
    entry = b"$9\r\norg_%05d\r\n$2\r\n{}\r\n"
    reply = b"%200000\r\n" + b"".join(entry % (number % 100_000) for number in range(200_000))
    assert len(reply) > BACKLOG
    link.data_received(reply[:-1])
    assert not valve.reading
    await eventually(lambda: valve.reading, "reading again")
    link.data_received(reply[-1:])
    assert len(await asking) == 400_000


async def test_a_silent_server_is_noticed(store_server: RedisServer) -> None:
    async with linked(store_server, timeout=0.1) as link:
        store_server.pause()
        with pytest.raises(StoreUnavailableError, match=r"no answer within 0\.1 s"):
            await link.call("PING")
        store_server.resume()


async def test_a_closed_connection_fails_whoever_waits_and_whoever_comes_later(store_server: RedisServer) -> None:
    async with linked(store_server) as link:
        waiting = asyncio.create_task(link.call("BLPOP", "nothing", 0))
        me = await open_link(parse_address(store_server.url), 0.5)
        with contextlib.closing(me):
            await eventually(lambda: b"cmd=blpop" in store_server.cli("CLIENT", "LIST"), "blocked question")
            await me.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        with pytest.raises(StoreUnavailableError):
            await waiting
        with pytest.raises(StoreUnavailableError):
            await link.call("PING")


async def test_a_cancelled_question_does_not_shift_the_answers(store_server: RedisServer) -> None:
    async with linked(store_server) as link:
        cancelled = asyncio.create_task(link.call("ECHO", "first"))
        await asyncio.sleep(0)
        cancelled.cancel()
        assert await link.call("ECHO", "second") == b"second"


async def test_nobody_there() -> None:
    with pytest.raises(StoreUnavailableError, match=r"tcp:127\.0\.0\.1:1/0"):
        await open_link(parse_address("redis://127.0.0.1:1"), 0.5)


async def test_a_wrong_password_says_so_and_is_not_shown() -> None:
    server = RedisServer("redis", options={"requirepass": "right"}).start()
    try:
        link = await open_link(parse_address(server.url, password="right"), 0.5)
        link.close()
        for password in ("wrong", ""):
            with pytest.raises(StoreUnavailableError, match=r"WRONGPASS|NOAUTH") as refused:
                await open_link(parse_address(server.url, password=password), 0.5)
            assert "wrong" not in str(refused.value)
    finally:
        server.close()


async def test_a_server_of_another_protocol_is_refused() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(StoreUnavailableError):
            await open_link(parse_address(f"redis://127.0.0.1:{port}"), 0.5)
