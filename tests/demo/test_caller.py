from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from gateway.demo.caller import Caller
from gateway.demo.upstream import DemoUpstream


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def upstream() -> AsyncIterator[DemoUpstream]:
    server = DemoUpstream(pace=0.0)
    await server.start()
    yield server
    await server.stop()


async def test_it_asks_in_both_dialects_with_the_credential_where_each_has_it(
    session: aiohttp.ClientSession, upstream: DemoUpstream
) -> None:
    caller = Caller(session, upstream.url, "token-1", {"cf-ipcountry": "DE"})
    assert str(await caller.ask("m")) == "200"
    assert str(await caller.ask("m", "anthropic")) == "200"
    openai, anthropic = upstream.requests
    assert (openai.header("authorization"), anthropic.header("x-api-key")) == ("Bearer token-1", "token-1")
    assert openai.header("cf-ipcountry") == "DE"
    await Caller(session, upstream.url).ask("m")
    assert upstream.requests[-1].header("authorization") is None


async def test_it_knows_a_whole_stream_from_a_broken_one(session: aiohttp.ClientSession, upstream: DemoUpstream) -> None:
    caller = Caller(session, upstream.url, "token-1")
    assert str(await caller.play("m", "openai", 3)) == "whole"
    assert str(await caller.play("m", "anthropic", 3)) == "whole"
    upstream.break_after = 2
    assert str(await caller.play("m", "openai", 3)) == "cut: connection broken"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"error": {"code": "org_not_approved", "message": "no"}}', "org_not_approved"),
        ('{"error": {"code": "unsupported_country_region_territory", "reason": "region_restricted"}}', "region_restricted"),
        ('{"type": "error", "error": {"type": "permission_error", "message": "refused (model_suspended)."}}', "model_suspended"),
        ('{"type": "error", "error": {"type": "permission_error", "message": "no"}}', "permission_error"),
        ("not json", ""),
        ("[]", ""),
    ],
)
async def test_it_reads_the_reason_of_a_refusal(session: aiohttp.ClientSession, body: str, reason: str) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return web.Response(status=403, text=body, headers={"x-gateway-revision": "7"})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        answer = await Caller(session, f"http://127.0.0.1:{runner.addresses[0][1]}").ask("m")
    finally:
        await runner.cleanup()
    assert (answer.status, answer.reason, answer.revision) == (403, reason, 7)
