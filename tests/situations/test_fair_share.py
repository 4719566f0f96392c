"""Partners share one model: one floods it, and the other notices nothing. On a running gate, with the real store."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import structs
from support.running import GATED, OPEN, RunningGate, eventually, running_gate, settings_for
from support.servers import RedisServer

from gateway.app import Gateway
from gateway.demo.issuer import DemoIssuer
from gateway.settings.shape import FairShare, ModelSection, ShareSection

TEN_AT_ONCE = ShareSection(requests=10, per=60)
TWO_STREAMS = ShareSection(concurrent=2)


def models(share: ShareSection) -> tuple[ModelSection, ...]:
    return (ModelSection(id=GATED, upstream="demo", share=share), ModelSection(id=OPEN, upstream="demo", gated=False))


async def ask(gate: RunningGate, organisation: str, model: str = GATED, *, url: str = "") -> tuple[int, Mapping[str, str], Any]:
    headers = {"authorization": f"Bearer {gate.mint(organisation)}"}
    async with gate.session.post(
        f"{url or gate.url}/v1/chat/completions", json={"model": model, "messages": [], "max_tokens": 1}, headers=headers
    ) as response:
        return response.status, response.headers, await response.json()


async def open_stream(gate: RunningGate, organisation: str, *, url: str = "") -> aiohttp.ClientResponse:
    body = {"model": GATED, "messages": [], "stream": True, "max_tokens": 100_000}
    return await gate.session.post(
        f"{url or gate.url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {gate.mint(organisation)}"}
    )


async def test_one_partner_floods_and_the_other_is_served_as_ever(tmp_path: Path, redis_server: RedisServer) -> None:
    async with running_gate(tmp_path, store=redis_server, models=models(TEN_AT_ONCE)) as gate:
        for organisation in ("org_flood", "org_acme"):
            await gate.admit(organisation)
        flood = asyncio.gather(*(ask(gate, "org_flood") for _ in range(200)))
        other = [await ask(gate, "org_acme") for _ in range(8)]
        answers = await flood
        assert [status for status, _, _ in other] == [200] * 8
        assert [status for status, _, _ in answers].count(200) == 10
        refusals = [(headers, body["error"]) for status, headers, body in answers if status != 200]
        assert {error["reason"] for _, error in refusals} == {"limit_exceeded"}
        assert {error["type"] for _, error in refusals} == {"rate_limit_error"}
        headers, error = refusals[0]
        assert "10 requests in 60 s" in error["message"]
        assert headers["x-ratelimit-limit-requests"] == headers["anthropic-ratelimit-requests-limit"] == "10"
        assert headers["x-should-retry"] == "true"
        assert 0 < int(headers["retry-after-ms"]) <= 60_000
        assert await gate.metric("gateway_denied_requests_total", reason="limit_exceeded", org="org_flood") == 190
        assert await gate.metric("gateway_denied_requests_total", org="org_acme") == 0
        await gate.until(lambda: _records(tmp_path).count(b'"limit_exceeded"') >= 190, "every refusal on record")
        assert b'"share:requests"' in _records(tmp_path)


async def test_requests_permitted_alike_before_are_counted_too(tmp_path: Path, redis_server: RedisServer) -> None:
    async with running_gate(tmp_path, store=redis_server, models=models(TEN_AT_ONCE)) as gate:
        await gate.admit()
        token = {"authorization": f"Bearer {gate.mint()}"}
        statuses = []
        for _ in range(15):
            async with gate.session.post(
                f"{gate.url}/v1/chat/completions", json={"model": GATED, "messages": [], "max_tokens": 1}, headers=token
            ) as response:
                statuses.append(response.status)
        assert statuses == [200] * 10 + [429] * 5


async def test_streams_at_the_same_time_are_limited_and_the_end_of_one_makes_room(tmp_path: Path, redis_server: RedisServer) -> None:
    async with running_gate(tmp_path, store=redis_server, models=models(TWO_STREAMS), pace=0.01) as gate:
        for organisation in ("org_acme", "org_beta"):
            await gate.admit(organisation)
        streams = [await open_stream(gate, "org_acme") for _ in range(2)]
        assert [stream.status for stream in streams] == [200, 200]
        status, headers, body = await ask(gate, "org_acme")
        assert (status, "2 requests may be under way" in body["error"]["message"]) == (429, True)
        assert int(headers["retry-after"]) <= 2
        assert (await ask(gate, "org_beta"))[0] == 200
        streams[0].close()
        await gate.until(lambda: gate.gateway.gate.leases.count(GATED, "org_acme") == 1, "the end of a stream")
        assert (await ask(gate, "org_acme"))[0] == 200
        streams[1].close()


async def test_a_grant_says_otherwise_at_any_hour_and_a_bad_one_denies(tmp_path: Path, redis_server: RedisServer) -> None:
    async with running_gate(tmp_path, store=redis_server, models=models(ShareSection())) as gate:
        await gate.admit()
        assert gate.gateway.gate.decider.fair_share is None, "while nobody is limited nothing is asked"
        assert [(await ask(gate, "org_acme"))[0] for _ in range(20)] == [200] * 20
        await gate.admit(grant='{"limits": {"requests": 3, "per": 60}}')
        assert [(await ask(gate, "org_acme"))[0] for _ in range(5)] == [200] * 3 + [429] * 2
        for bad in (
            '{"limits": {}}',
            '{"limits": {"requests": 0}}',
            '{"limits": {"burst": 3}}',
            '{"limits": {"request": 3}}',
            '{"limits": 3}',
        ):
            await gate.admit(grant=bad)
            status, _, body = await ask(gate, "org_acme")
            assert (status, body["error"]["reason"]) == (403, "grant_invalid"), bad
        await gate.admit(model=OPEN, grant='{"limits": {"requests": -1}}')
        assert [(await ask(gate, "org_acme", OPEN))[0] for _ in range(3)][1:] == [429] * 2, "where no grant is demanded: the least share"
        assert [(await ask(gate, "org_beta", OPEN))[0] for _ in range(3)] == [200] * 3
        await gate.admit(grant="{}")
        await gate.remove(model=OPEN)
        assert gate.gateway.gate.decider.fair_share is None


async def test_two_gates_on_one_store_count_together(tmp_path: Path, redis_server: RedisServer) -> None:
    usual = FairShare(default=ShareSection(requests=40, per=60, concurrent=3))
    async with running_gate(tmp_path, store=redis_server, models=models(ShareSection()), fair_share=usual, pace=0.01) as gate:
        await gate.admit()
        (tmp_path / "second").mkdir()
        settings = settings_for(
            tmp_path / "second",
            DemoIssuer(tmp_path),
            (gate.upstream.url,),
            models=models(ShareSection()),
            store=redis_server,
            fair_share=usual,
        )
        second = Gateway(settings, worker="w1")
        await second.start()
        try:
            streams = await asyncio.gather(
                *(open_stream(gate, "org_acme", url=url) for url in (gate.url, second.proxy_url) for _ in range(10))
            )
            assert sorted(stream.status for stream in streams) == [200] * 3 + [429] * 17
            for stream in streams:
                stream.close()
            served = [(await ask(gate, "org_acme", OPEN, url=url))[0] for _ in range(30) for url in (gate.url, second.proxy_url)]
            assert 30 <= served.count(200) <= 40
        finally:
            await second.stop()


async def test_while_the_store_is_away_the_share_is_divided_and_never_unlimited(tmp_path: Path, redis_server: RedisServer) -> None:
    async with running_gate(tmp_path, store=redis_server, models=models(TEN_AT_ONCE)) as gate:
        await gate.admit()
        redis_server.stop()
        statuses = [(await ask(gate, "org_acme"))[0] for _ in range(15)]
        assert statuses == [200] * 10 + [429] * 5
        await gate.until_metric("gateway_fair_share_divided", 1.0)
        redis_server.start()
        await eventually(lambda: not gate.gateway.fair_share.away, "the store back")


async def test_new_settings_limit_at_once_and_free_again(tmp_path: Path, redis_server: RedisServer) -> None:
    async with running_gate(tmp_path, store=redis_server, models=models(ShareSection())) as gate:
        await gate.admit()
        before = gate.gateway.settings
        gate.gateway.apply(structs.replace(before, fair_share=FairShare(default=TEN_AT_ONCE, counted_in="workers")))
        await gate.until(lambda: gate.gateway.gate.decider.fair_share, "the new settings in force")
        assert [(await ask(gate, "org_acme"))[0] for _ in range(12)] == [200] * 10 + [429] * 2
        gate.gateway.apply(before)
        await gate.until(lambda: gate.gateway.gate.decider.fair_share is None, "the old ones again")
        assert (await ask(gate, "org_acme"))[0] == 200


async def test_or_refused_where_that_is_wished(tmp_path: Path, redis_server: RedisServer) -> None:
    wish = FairShare(store_away="refuse")
    async with running_gate(tmp_path, store=redis_server, models=models(TEN_AT_ONCE), fair_share=wish) as gate:
        await gate.admit()
        redis_server.stop()
        assert [(await ask(gate, "org_acme"))[0] for _ in range(3)] == [429] * 3
        redis_server.start()


async def test_status_shows_who_reached_a_share(newsroom: Any, capsys: pytest.CaptureFixture[str]) -> None:
    gate = newsroom.gate
    await gate.admit(grant='{"limits": {"requests": 1, "per": 60}}')
    assert [(await ask(gate, "org_acme"))[0] for _ in range(3)] == [200, 429, 429]

    async def shown() -> list[dict[str, Any]]:
        return (await newsroom.reads("status"))["limited"]  # type: ignore[no-any-return]

    async with asyncio.timeout(10):
        while not (rows := await shown()):
            pass
    assert [(row["organisation"], row["model"], row["refused"], row["requests"]) for row in rows] == [("org_acme", GATED, 2, 1)]
    assert await newsroom.types("status") == 0
    assert "Who reached a share lately" in capsys.readouterr().out


def _records(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in (directory / "audit").glob("*"))
