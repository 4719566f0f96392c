"""Several gates on one store in one loop, streams through them, and an operator's terminal beside them."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct
from support.running import DEADLINE, GATED, eventually, settings_for, write_settings
from support.servers import RedisServer

from gateway.app import Gateway
from gateway.cli import main
from gateway.demo.issuer import DemoIssuer
from gateway.demo.upstream import DemoUpstream

PACE = 0.005
ENDLESS = 100_000


class Typed(Struct, frozen=True):
    """What a verb printed and answered."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)


async def typed(*words: str) -> Typed:
    """Type a command beside the running loop, in a thread of its own."""

    def run() -> Typed:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(words))
        return Typed(code, out.getvalue(), err.getvalue())

    return await asyncio.to_thread(run)


class Stream:
    """One running answer: what came of it, and whether it is over."""

    def __init__(self) -> None:
        self.text = b""
        self.task: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        return self.task is not None and self.task.done()

    async def listen(self, session: aiohttp.ClientSession, url: str, token: str, model: str) -> None:
        body = {"model": model, "messages": [], "stream": True, "max_tokens": ENDLESS}
        headers = {"authorization": f"Bearer {token}"}
        with contextlib.suppress(aiohttp.ClientError):
            async with session.post(f"{url}/v1/chat/completions", json=body, headers=headers) as response:
                async for chunk in response.content.iter_any():
                    self.text += chunk


class Fleet:
    """The gates. Streams are opened over them in turn."""

    def __init__(
        self,
        gateways: Sequence[Gateway],
        issuer: DemoIssuer,
        upstream: DemoUpstream,
        session: aiohttp.ClientSession,
        options: Sequence[str],
    ) -> None:
        self.gateways = gateways
        self.issuer = issuer
        self.upstream = upstream
        self._session = session
        self._options = options
        self._streams: list[Stream] = []

    async def type(self, *words: str) -> Typed:
        """Type a verb on this fleet's store and settings."""
        return await typed(*words, *self._options)

    async def told(self, *words: str) -> Any:
        """Type it with `--json`; it must succeed."""
        answer = await self.type(*words, "--json")
        assert answer.code == 0, answer.err
        return answer.facts

    async def stream(self, organisation: str = "org_acme", *, count: int = 1, model: str = GATED, **claims: Any) -> list[Stream]:
        """Open streams and wait until each has begun."""
        opened = [Stream() for _ in range(count)]
        for number, each in enumerate(opened):
            token = self.issuer.mint(**{"org_id": organisation, "nationalities": ["DE"], **claims})
            url = self.gateways[number % len(self.gateways)].proxy_url
            each.task = asyncio.create_task(each.listen(self._session, url, token, model))
        self._streams += opened
        await eventually(lambda: all(b"data: " in each.text for each in opened), "every stream has begun")
        return opened

    async def close(self) -> None:
        """End the streams that still run."""
        tasks = [each.task for each in self._streams if each.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def fleet(directory: Path, server: RedisServer, *, count: int = 3) -> AsyncIterator[Fleet]:
    """Start issuer, upstream and `count` gates; stop them all."""
    async with contextlib.AsyncExitStack() as stack:
        issuer, upstream = DemoIssuer(directory), DemoUpstream(pace=PACE)
        await upstream.start()
        stack.push_async_callback(upstream.stop)
        settings = settings_for(directory, issuer, (upstream.url,), store=server)
        file = write_settings(directory / "gateway.yaml", settings)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        gateways = [Gateway(settings, worker=f"w{number}") for number in range(count)]
        for gateway in gateways:
            await gateway.start()
            stack.push_async_callback(gateway.stop)
        opened = Fleet(gateways, issuer, upstream, session, ("--config", str(file)))
        stack.push_async_callback(opened.close)
        yield opened


async def over(*streams: Stream, within: float = DEADLINE) -> None:
    """Wait until these streams have ended."""
    await eventually(lambda: all(each.over for each in streams), "the streams have ended", within)
