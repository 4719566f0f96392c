"""Gateways with one hole each, small enough to be read at a glance: what a probe is for is seen on the one that has its hole."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from msgspec import structs
from multidict import CIMultiDict

from gateway.probe.exchange import Manner, Revoke
from gateway.probe.kinds import SUITE
from gateway.probe.probe import Probe
from gateway.probe.recorder import Recorder
from gateway.probe.run import BASE, play_all
from gateway.probe.target import Target
from gateway.probe.verdict import Finding, Outcome

ALLOWED, FORBIDDEN, TOKEN = "small-a", "large-b", "caller-0123456789abcdefghij"

Judge = Callable[[web.Request, bytes], Awaitable[str | None] | str | None]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MANNER = Manner(patience=1.0, quiet=0.03, within=0.3, grace=0.3)
NO_HOP = frozenset(("host", "content-length", "transfer-encoding", "connection", "authorization"))


@asynccontextmanager
async def recording() -> AsyncIterator[Recorder]:
    """Record what gets past a gateway."""
    recorder = Recorder((ALLOWED, FORBIDDEN))
    await recorder.start()
    try:
        yield recorder
    finally:
        await recorder.stop()


@asynccontextmanager
async def pipe(upstream_port: int, lines: list[asyncio.StreamWriter] | None = None) -> AsyncIterator[int]:
    """No gateway at all: every byte passes. `lines` learns of every connection, for who wants to close them."""
    running: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", upstream_port)
        if lines is not None:
            lines.extend((writer, to_writer))
        for one, other in ((reader, to_writer), (to_reader, writer)):
            task = asyncio.create_task(pump(one, other))
            running.add(task)
            task.add_done_callback(running.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def model_of(body: bytes) -> str | None:
    """Read as most gateways do: Python's json, of which the last key wins."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        return None
    return document.get("model") if isinstance(document, dict) else None


def holds_token(request: web.Request) -> bool:
    return request.headers.get("authorization") == f"Bearer {TOKEN}"


class Relay:
    """A relay on aiohttp; `judge` gives the model that it has decided on, or None to refuse. Bodies pass byte for byte."""

    def __init__(self, upstream: str, judge: Judge, *, passes: Callable[[str], bool] = lambda name: name not in NO_HOP) -> None:
        self._upstream = upstream
        self._judge = judge
        self._passes = passes

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        judged = self._judge(request, body)
        model = await judged if isinstance(judged, Awaitable) else judged
        if model != ALLOWED:
            return web.json_response({"error": "no"}, status=403)
        headers = CIMultiDict((name, value) for name, value in request.headers.items() if self._passes(name.lower()))
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(request.method, self._upstream + request.raw_path, data=body, headers=headers) as came,
        ):
            response = web.StreamResponse(status=came.status, headers={"content-type": came.content_type})
            await response.prepare(request)
            async for chunk in came.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[int]:
    """Serve every path with `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def play(recorder: Recorder, port: int, *kinds: str, token: str = TOKEN, revoke: Revoke | None = None) -> dict[str, Finding]:
    """Play these kinds, and the controls without which they say nothing, against a gateway; by name."""
    target = Target("127.0.0.1", port, ALLOWED, FORBIDDEN, token, may_revoke=revoke is not None)
    return await _play((*_controls(kinds), *_chosen(kinds)), target, recorder, structs.replace(MANNER, revoke=revoke))


async def play_in_parts(answer_for: Callable[[str], Handler], *kinds: str, parts: int = 8) -> dict[str, Finding]:
    """Play the same in parts at once, each against a gateway of its own: `answer_for` the recorder's address that it is given."""
    controls, chosen = _controls(kinds), _chosen(kinds)

    async def play_part(number: int) -> dict[str, Finding]:
        async with recording() as recorder, serving(answer_for(recorder.url)) as port:
            target = Target("127.0.0.1", port, ALLOWED, FORBIDDEN, TOKEN)
            return await _play((*controls, *chosen[number::parts]), target, recorder, MANNER)

    found = await asyncio.gather(*map(play_part, range(parts)))
    return {name: finding for part in found for name, finding in part.items()}


async def _play(suite: Sequence[Probe], target: Target, recorder: Recorder, manner: Manner) -> dict[str, Finding]:
    return {finding.name: finding async for finding in play_all(suite, target, recorder, manner)}


def _chosen(kinds: Collection[str]) -> list[Probe]:
    return [probe for probe in SUITE if probe.kind in kinds]


def _controls(kinds: Collection[str]) -> list[Probe]:
    needed = {BASE} | {probe.control for probe in _chosen(kinds)}
    return [probe for probe in SUITE if probe.kind == "control" and probe.name in needed]


def past(findings: dict[str, Finding], kind: str) -> set[str]:
    """Name what got past, for some reader or for all."""
    got_by = {Outcome.SLIPPED, Outcome.AMBIGUOUS}
    return {name for name, finding in findings.items() if finding.kind == kind and finding.outcome in got_by}
