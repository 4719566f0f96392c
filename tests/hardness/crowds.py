"""Crowds that wear a gate out: silent, slow, greedy, or simply many. Each stays until it is told to go, and says what it has."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer %b\r\ncontent-type: application/json\r\n"
NOTHING = b"GET /nothing HTTP/1.1\r\nhost: gate\r\n\r\n"
BEAT = 0.2
"""Seconds between two bytes of somebody slow."""

NARROW = 4096
PIECES = b"2\r\nab\r\n" * 10_000


class Site(Struct):
    """Where the gate is, and a token that it takes."""

    port: int
    token: str

    @property
    def head(self) -> bytes:
        """The beginning of an honest request's head."""
        return HEAD % self.token.encode()


class Member:
    """One connection of a crowd."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.lost = False

    def __repr__(self) -> str:
        return f"<Member {'lost' if self.lost else 'there'}>"

    async def say(self, data: bytes, patience: float = 1.0) -> bool:
        """Send all of `data`; False where it is not taken in time, or the connection is gone."""
        try:
            async with asyncio.timeout(patience):
                await asyncio.get_running_loop().sock_sendall(self.sock, data)
        except TimeoutError:
            return False
        except OSError:
            self.lost = True
            return False
        return True

    def hears_the_end(self) -> bool:
        """Whether the gate has closed; what it said before is thrown away."""
        try:
            while part := self.sock.recv(65536):
                del part
        except BlockingIOError:
            return self.lost
        except OSError:
            pass
        self.lost = True
        return True


Act = Callable[[Site, Member], Coroutine[Any, Any, None]]


async def _idle(_site: Site, _member: Member) -> None:
    """Say nothing."""


async def _slow_head(site: Site, member: Member) -> None:
    """Send a head, a byte at a time."""
    await member.say(site.head)
    while await member.say(b"x"):  # noqa: ASYNC110 - slowness is the act
        await asyncio.sleep(BEAT)


async def _slow_body(site: Site, member: Member) -> None:
    """Promise a large body, and send it a byte at a time."""
    await member.say(site.head + b'content-length: 1000000\r\n\r\n{"model":"')
    while await member.say(b"x"):  # noqa: ASYNC110 - slowness is the act
        await asyncio.sleep(BEAT)


async def _tiny_chunks(site: Site, member: Member) -> None:
    """Send a body of half a megabyte in chunks of two bytes, and never its end."""
    await member.say(site.head + b"transfer-encoding: chunked\r\n\r\n")
    for _ in range(25):
        await member.say(PIECES, 10.0)


async def _slow_reader(site: Site, member: Member) -> None:
    """Ask for a long stream, and never read."""
    body = b'{"model":"open-1","messages":[],"stream":true,"max_tokens":100000}'
    await member.say(site.head + b"content-length: %d\r\n\r\n%b" % (len(body), body))


async def _greedy(_site: Site, member: Member) -> None:
    """Ask again and again without a token, and never read."""
    while await member.say(NOTHING * 50, 0.5):
        pass


CROWDS: dict[str, tuple[Act, int]] = {
    "idle": (_idle, 2000),
    "slow heads": (_slow_head, 1000),
    "slow bodies": (_slow_body, 1000),
    "bodies in chunks of two bytes": (_tiny_chunks, 16),
    "streams that nobody reads": (_slow_reader, 200),
    "refusals that nobody reads": (_greedy, 200),
}
"""By name: what each member does, and how many come by default."""


@asynccontextmanager
async def crowd(site: Site, name: str, count: int) -> AsyncIterator[list[Member]]:
    """Let a crowd come, and do what it does until the block ends."""
    act, _ = CROWDS[name]
    loop = asyncio.get_running_loop()
    members: list[Member] = []
    acting: list[asyncio.Task[None]] = []
    try:
        for _ in range(count):
            sock = socket.socket()
            sock.settimeout(0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
            members.append(Member(sock))
            await loop.sock_connect(sock, ("127.0.0.1", site.port))
            acting.append(loop.create_task(act(site, members[-1])))
        yield members
    finally:
        for task in acting:
            task.cancel()
        await asyncio.gather(*acting, return_exceptions=True)
        for member in members:
            member.sock.close()
