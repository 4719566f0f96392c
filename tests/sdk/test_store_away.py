"""Without its store the gate serves what it knows for as long as it may, then refuses what is gated; with the store back, it resumes."""

import asyncio
import time
from pathlib import Path

import anthropic
import openai
import pytest
from support.running import GATED, OPEN, RunningGate, running_gate, store_section
from support.sdk import MESSAGES, SDK_ERRORS, SHORT, VOICES, Heard, async_anthropic, async_openai, told
from support.servers import RedisServer

MAX_STALENESS = 1.2
CHAT, MESSAGES_API = VOICES[1], VOICES[5]
LOST = {"stopped": (RedisServer.stop, RedisServer.start), "silent": (RedisServer.pause, RedisServer.resume)}


async def outcome(gate: RunningGate, model: str) -> str:
    """Ask with OpenAI's SDK: "served", or the reason of the refusal."""
    async with async_openai(gate) as client:
        try:
            await client.chat.completions.create(model=model, messages=MESSAGES)
        except openai.APIStatusError as refusal:
            return told(refusal).reason
    return "served"


@pytest.mark.parametrize("lost", LOST)
async def test_gated_models_are_served_for_max_staleness_and_again_when_the_store_is_back(
    tmp_path: Path, store_server: RedisServer, lost: str
) -> None:
    leave, come_back = LOST[lost]
    section = store_section(tmp_path, store_server, max_staleness=MAX_STALENESS, timeout=0.4)
    async with running_gate(tmp_path, store=section) as gate:
        await gate.admit("org_acme")
        assert await gate.ready() == (True, [])
        await asyncio.to_thread(leave, store_server)
        assert await outcome(gate, GATED) == "served"
        while (seen := await outcome(gate, GATED)) == "served":
            assert time.monotonic() < gate.snapshot.confirmed_at + MAX_STALENESS + 1.0, "served for longer than it may be"
        assert seen == "policy_stale"
        assert time.monotonic() > gate.snapshot.confirmed_at + MAX_STALENESS
        assert await outcome(gate, OPEN) == "served"
        assert await gate.ready() == (False, ["policy stale: the store has not confirmed it"])
        await gate.until_metric("gateway_store_up", 0)
        assert await gate.metric("gateway_policy_age_seconds") > MAX_STALENESS
        await asyncio.to_thread(come_back, store_server)
        await gate.settled()
        assert await outcome(gate, GATED) == "served"
        assert (await gate.ready())[0]
        await gate.until_metric("gateway_store_up", 1)


async def test_running_gated_streams_are_cut_when_the_policy_is_stale_and_others_flow_on(tmp_path: Path, redis_server: RedisServer) -> None:
    section = store_section(tmp_path, redis_server, max_staleness=0.6, timeout=0.3)
    async with running_gate(tmp_path, store=section, pace=0.005) as gate:
        await gate.admit("org_acme")
        chat, message, ungated = Heard(), Heard(), Heard()
        cut = [
            asyncio.create_task(CHAT.listen(gate, GATED, chat)),
            asyncio.create_task(MESSAGES_API.listen(gate, GATED, message)),
        ]
        spared = asyncio.create_task(CHAT.listen(gate, OPEN, ungated))
        await gate.until(lambda: all(heard.events >= 3 for heard in (chat, message, ungated)), "three events each")
        await asyncio.to_thread(redis_server.stop)
        for listening, heard in zip(cut, (chat, message), strict=True):
            with pytest.raises(SDK_ERRORS) as caught:
                await asyncio.wait_for(listening, 5)
            assert (told(caught.value).reason, told(caught.value).decision_id) == ("policy_stale", heard.decision_id)
        before = ungated.events
        await gate.until(lambda: ungated.events > before + 20, "the ungated stream flows on")
        assert gate.upstream.cancelled == 2
        assert await gate.metric("gateway_streams_cut_total", reason="policy_stale") == 2
        spared.cancel()


async def test_a_stale_policy_is_a_server_error_in_both_sdks_and_is_not_retried(tmp_path: Path, redis_server: RedisServer) -> None:
    async with running_gate(tmp_path, store=store_section(tmp_path, redis_server, max_staleness=0.3, timeout=0.2)) as gate:
        await gate.admit("org_acme")
        await asyncio.to_thread(redis_server.stop)
        await gate.until(lambda: time.monotonic() > gate.snapshot.confirmed_at + 0.3, "the policy is stale")
        async with async_openai(gate) as one, async_anthropic(gate) as other:
            with pytest.raises(openai.InternalServerError) as first:
                await one.chat.completions.create(model=GATED, messages=MESSAGES)
            with pytest.raises(anthropic.InternalServerError) as second:
                await other.messages.create(model=GATED, messages=MESSAGES, max_tokens=SHORT)
        for error in (first.value, second.value):
            assert error.status_code == 503
            assert int(error.response.headers["retry-after"]) > 0
            assert told(error).reason == "policy_stale"
        assert await gate.metric("gateway_requests_total") == 2, "once each"


async def test_a_cold_start_without_the_store_refuses_everything_and_recovers_by_itself(tmp_path: Path, redis_server: RedisServer) -> None:
    redis_server.cli("HSET", f"gateway:allowlist:{GATED}", "org_acme", "{}")
    await asyncio.to_thread(redis_server.stop)
    async with running_gate(tmp_path, store=store_section(tmp_path, redis_server, timeout=0.3)) as gate:
        assert await outcome(gate, GATED) == "policy_uninitialised"
        assert await outcome(gate, OPEN) == "policy_uninitialised"
        assert await gate.ready() == (False, ["policy not loaded yet"])
        assert not gate.upstream.requests
        await asyncio.to_thread(redis_server.start)
        await gate.settled()
        assert await outcome(gate, GATED) == "served"
        assert await outcome(gate, OPEN) == "served"
        assert (await gate.ready())[0]


async def test_an_empty_store_permits_nothing(tmp_path: Path) -> None:
    async with running_gate(tmp_path) as gate:
        assert await outcome(gate, GATED) == "policy_uninitialised"
        assert await outcome(gate, OPEN) == "policy_uninitialised"
        await gate.admit("org_acme")
        assert await outcome(gate, OPEN) == "served"


async def test_a_store_that_lost_its_data_permits_nothing(tmp_path: Path, redis_server: RedisServer) -> None:
    async with running_gate(tmp_path, store=redis_server) as gate:
        await gate.admit("org_acme")
        assert await outcome(gate, GATED) == "served"
        await asyncio.to_thread(redis_server.restart, keep_data=False)
        await gate.until(lambda: not gate.snapshot.initialised, "the loss is seen")
        assert await outcome(gate, GATED) == "policy_uninitialised"
