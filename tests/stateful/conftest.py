"""A gate whose ledger is on, in front of an API with a memory; two organisations, each a partner of the gated model."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
import redis
from support.archive import Archive, open_archive
from support.running import GATED, RunningGate, settings_for
from support.servers import RedisServer, redis_server

from gateway.app import Gateway
from gateway.demo.issuer import DemoIssuer
from gateway.settings.shape import Ledger

__all__ = ["redis_server"]

ACME, BETA = "org_acme", "org_beta"


class Library(RunningGate):
    """The running gate, and the `archive` behind it. `upstream` is not there."""

    def __init__(self, gate: Gateway, issuer: DemoIssuer, archive: Archive, raw: "redis.Redis", session: aiohttp.ClientSession) -> None:
        super().__init__(gate, issuer, None, raw, session)  # type: ignore[arg-type] # nobody asks for the demo upstream here
        self.archive = archive

    def of(self, organisation: str | None) -> openai.AsyncOpenAI:
        """Give the client of somebody there: the official SDK, without retries, so that every request is one."""
        return openai.AsyncOpenAI(base_url=f"{self.url}/v1", api_key=self.mint(organisation), max_retries=0)

    async def ask(self, organisation: str, method: str, path: str, **request: Any) -> tuple[int, dict[str, Any]]:
        """Ask without an SDK: the status and the parsed body."""
        headers = {"authorization": f"Bearer {self.mint(organisation)}", **request.pop("headers", {})}
        async with self.session.request(method, f"{self.url}{path}", headers=headers, **request) as response:
            return response.status, await response.json(content_type=None)


@asynccontextmanager
async def open_library(directory: Path, server: RedisServer, **ledger: Any) -> AsyncIterator[Library]:
    """Start everything."""
    async with AsyncExitStack() as stack:
        archive = await stack.enter_async_context(open_archive())
        issuer = DemoIssuer(directory)
        settings = settings_for(directory, issuer, (archive.url,), store=server, ledger=Ledger(enabled=True, **ledger))
        gateway = Gateway(settings)
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        raw = stack.enter_context(redis.Redis.from_url(server.url, protocol=2))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        library = Library(gateway, issuer, archive, raw, session)
        for organisation in (ACME, BETA):
            await library.admit(organisation, GATED)
        yield library


@pytest.fixture
async def library(tmp_path: Path, redis_server: RedisServer) -> AsyncIterator[Library]:
    async with open_library(tmp_path, redis_server) as opened:
        yield opened
