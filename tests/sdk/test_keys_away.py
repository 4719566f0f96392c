"""Without an issuer's keys nobody is known, so nobody is admitted; with the keys there, service begins by itself."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import openai
import pytest
from aiohttp import web
from support.running import GATED, RunningGate, demo_issuer_section, running_gate
from support.sdk import MESSAGES, async_openai, told

from gateway.demo.issuer import DemoIssuer
from gateway.settings.shape import Keys


class KeyServer:
    """Serves a JWK Set once it has one, else 503."""

    def __init__(self) -> None:
        self.document: str | None = None
        self.asked = 0
        self.url = ""

    async def answer(self, _request: web.Request) -> web.Response:
        self.asked += 1
        if self.document is None:
            return web.Response(status=503)
        return web.Response(text=self.document, content_type="application/json")


@asynccontextmanager
async def key_server() -> AsyncIterator[KeyServer]:
    """Start one on loopback."""
    server, app = KeyServer(), web.Application()
    app.router.add_get("/jwks.json", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/jwks.json"
    try:
        yield server
    finally:
        await runner.cleanup()


async def outcome(gate: RunningGate, token: str | None = None) -> str:
    """Ask with OpenAI's SDK: "served", or the reason of the refusal."""
    async with async_openai(gate, token) as client:
        try:
            await client.chat.completions.create(model=GATED, messages=MESSAGES)
        except openai.APIStatusError as refusal:
            return told(refusal).reason
    return "served"


async def until_served(gate: RunningGate, token: str, meanwhile: str) -> None:
    """Ask until it is served; until then the refusal must be this one. The test's own deadline ends a wait in vain."""
    while (seen := await outcome(gate, token)) != "served":
        assert seen == meanwhile


async def test_a_cold_start_without_keys_refuses_and_recovers_by_itself(tmp_path: Path) -> None:
    issuer = DemoIssuer(tmp_path)
    async with key_server() as server:
        section = demo_issuer_section(issuer, keys=Keys(jwks_url=server.url, timeout=0.5))
        async with running_gate(tmp_path, issuers=(section,)) as gate:
            await gate.admit("org_acme")
            assert await outcome(gate) == "keyset_unavailable"
            assert await gate.ready() == (False, ["no keys of issuer demo"])
            assert await gate.metric("gateway_requests_total", decision="permit") == 0
            server.document = json.dumps(issuer.jwks)
            await until_served(gate, gate.mint(), "keyset_unavailable")
            assert (await gate.ready())[0]
            await gate.until_metric("gateway_keyset_fetches_total", 1, issuer="demo", outcome="ok")


async def test_the_last_good_keys_stay_when_the_issuer_goes_away(tmp_path: Path) -> None:
    issuer = DemoIssuer(tmp_path)
    async with key_server() as server:
        server.document = json.dumps(issuer.jwks)
        section = demo_issuer_section(issuer, keys=Keys(jwks_url=server.url, refresh_every=0.1, refetch_at_most_every=0.0))
        async with running_gate(tmp_path, issuers=(section,)) as gate:
            await gate.admit("org_acme")
            assert await outcome(gate) == "served"
            server.document, before = None, server.asked
            await gate.until(lambda: server.asked > before + 1, "two fetches in vain")
            assert await outcome(gate, gate.mint(sub="somebody-new")) == "served"
            assert (await gate.ready())[0]


async def test_a_rotated_key_is_fetched_when_a_token_names_it(tmp_path: Path) -> None:
    old, new = DemoIssuer(tmp_path), DemoIssuer(tmp_path / "rotated")
    async with key_server() as server:
        server.document = json.dumps(old.jwks)
        section = demo_issuer_section(old, keys=Keys(jwks_url=server.url, refetch_at_most_every=0.0))
        async with running_gate(tmp_path, issuers=(section,)) as gate:
            await gate.admit("org_acme")
            assert await outcome(gate) == "served"
            server.document = json.dumps({"keys": [*old.jwks["keys"], *new.jwks["keys"]]})
            await until_served(gate, new.mint(org_id="org_acme", nationalities=["DE"]), "token_invalid")
            assert server.asked == 2


@pytest.mark.parametrize("document", ["", "{}", '{"keys": []}', "<html>", '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}'])
async def test_a_key_set_without_a_key_that_fits_admits_nobody(tmp_path: Path, document: str) -> None:
    issuer = DemoIssuer(tmp_path)
    async with key_server() as server:
        server.document = document
        async with running_gate(tmp_path, issuers=(demo_issuer_section(issuer, keys=Keys(jwks_url=server.url)),)) as gate:
            await gate.admit("org_acme")
            assert await outcome(gate) in {"keyset_unavailable", "token_invalid"}
            assert not gate.upstream.requests
