"""`gateway serve` as a real process with several workers, on free loopback ports, in front of a demo upstream in this process."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import structs
from support.running import scrape, settings_for, write_settings
from support.servers import RedisServer, free_port

from gateway.demo.issuer import DemoIssuer
from gateway.demo.upstream import DemoUpstream
from gateway.settings.shape import AdminListener, Listen, ProxyListener, Settings, Store

START_DEADLINE = 30.0
END_DEADLINE = 20.0
WORKER_MARK = "spawn_main"
PREFIX = 16  # hex digits of a decision id that tell its worker


class ServedGate:
    """A running `gateway serve`. `settings` are what its file said at the start."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        settings: Settings,
        file: Path,
        issuer: DemoIssuer,
        upstream: DemoUpstream,
        session: aiohttp.ClientSession,
    ) -> None:
        self.process = process
        self.settings = settings
        self.file = file
        self.issuer = issuer
        self.upstream = upstream
        self.session = session
        self.url = f"http://{settings.listen.proxy.address}"
        self.admin_url = f"http://{settings.listen.admin.address}"

    def __repr__(self) -> str:
        return f"<ServedGate pid={self.process.pid} {self.url}>"

    @property
    def log(self) -> str:
        """What it has written to standard error."""
        return self.file.with_suffix(".log").read_text()

    def mint(self, organisation: str | None = "org_acme", **claims: Any) -> str:
        """Make a token of an organisation's German employee."""
        return self.issuer.mint(**{"org_id": organisation, "nationalities": ["DE"], **claims})

    def workers(self) -> set[int]:
        """Process ids of the workers that live now."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(child) for child in children if WORKER_MARK in _command(int(child))}

    async def ask_afresh(self, model: str) -> tuple[int, str]:
        """Ask once on a connection of its own; give the status and the mark, in the decision id, of the worker that answered."""
        headers = {"authorization": f"Bearer {self.mint()}", "connection": "close"}
        body = {"model": model, "messages": []}
        async with self.session.post(f"{self.url}/v1/chat/completions", json=body, headers=headers) as response:
            await response.read()
            return response.status, response.headers["x-gateway-decision-id"][:PREFIX]

    async def metric(self, name: str, **labels: str) -> float:
        """Scrape whichever worker answers: the sum of the samples with at least these labels."""
        return await scrape(self.session, self.admin_url, name, **labels)

    async def until_metric(self, name: str, value: float, **labels: str) -> None:
        """Scrape until the metric has this value."""
        seen = float("nan")
        try:
            async with asyncio.timeout(START_DEADLINE):
                while (seen := await self.metric(name, **labels)) != value:
                    pass
        except TimeoutError:
            raise AssertionError(f"{name}{labels} never became {value}, it is {seen}") from None

    async def until_serving(self, count: int) -> None:
        """Wait until so many workers have said that they serve, since the start."""
        try:
            async with asyncio.timeout(START_DEADLINE):
                while self.log.count('"serving"') < count and self.process.poll() is None:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not every worker serves:\n{self.log}") from None
        assert self.process.poll() is None, self.log

    async def ended(self) -> int:
        """Wait for its end; give the exit code."""
        return await asyncio.to_thread(self.process.wait, END_DEADLINE)


@contextlib.asynccontextmanager
async def serving(
    directory: Path, server: RedisServer | Store, *, workers: int = 2, wait: bool = True, pace: float = 0.0, **sections: Any
) -> AsyncIterator[ServedGate]:
    """Start issuer, upstream and `gateway serve --workers N`; `wait` until every worker serves; end all of them."""
    async with contextlib.AsyncExitStack() as stack:
        issuer, upstream = DemoIssuer(directory), DemoUpstream(pace=pace)
        await upstream.start()
        stack.push_async_callback(upstream.stop)
        settings = _on_known_ports(settings_for(directory, issuer, (upstream.url,), store=server, **sections))
        file = write_settings(directory / "gateway.yaml", settings)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        process = _begin(file, workers)
        stack.callback(_end, process)
        served = ServedGate(process, settings, file, issuer, upstream, session)
        if wait:
            await served.until_serving(workers)
        yield served


def _on_known_ports(settings: Settings) -> Settings:
    proxy: ProxyListener = structs.replace(settings.listen.proxy, address=f"127.0.0.1:{free_port()}")
    return structs.replace(settings, listen=Listen(proxy=proxy, admin=AdminListener(address=f"127.0.0.1:{free_port()}")))


def _begin(file: Path, workers: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(file), "--workers", str(workers)]
    with file.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(command, stderr=log, start_new_session=True)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_DEADLINE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # whatever a failed test has left in its session
    process.wait(END_DEADLINE)


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""
