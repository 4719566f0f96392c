"""A share that frees soon is waited for by the SDK itself, unseen by the customer; one that does not is its rate limit error, at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from support.running import GATED, RunningGate, running_gate
from support.sdk import MESSAGES, SDK_ERRORS, SHORT, async_anthropic, async_openai, told

from gateway.settings.shape import ModelSection, ShareSection


async def ask_openai(gate: RunningGate) -> Any:
    async with async_openai(gate) as client:
        return await client.chat.completions.create(model=GATED, messages=MESSAGES)


async def ask_anthropic(gate: RunningGate) -> Any:
    async with async_anthropic(gate) as client:
        return await client.messages.create(model=GATED, messages=MESSAGES, max_tokens=SHORT)


ASKS = pytest.mark.parametrize("ask", [ask_openai, ask_anthropic])


@pytest.fixture
async def limited(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningGate]:
    async with running_gate(tmp_path, models=[ModelSection(id=GATED, upstream="demo", share=request.param)]) as gate:
        await gate.admit()
        yield gate


@ASKS
@pytest.mark.parametrize("limited", [ShareSection(requests=5, per=1, burst=1)], indirect=True)
async def test_a_wait_of_a_moment_is_waited_by_the_sdk(limited: RunningGate, ask: Any) -> None:
    await asyncio.gather(*(ask(limited) for _ in range(3)))
    assert await limited.metric("gateway_denied_requests_total", reason="limit_exceeded") >= 2
    assert await limited.metric("gateway_requests_total", decision="permit") == 3


@ASKS
@pytest.mark.parametrize("limited", [ShareSection(requests=1, per=3600)], indirect=True)
async def test_a_wait_of_an_hour_is_the_rate_limit_error_at_once(limited: RunningGate, ask: Any) -> None:
    await ask(limited)
    with pytest.raises(SDK_ERRORS) as caught:
        await ask(limited)
    assert isinstance(caught.value, openai.RateLimitError | anthropic.RateLimitError)
    assert told(caught.value).reason == "limit_exceeded"
    assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "0"
    assert caught.value.response.headers["x-ratelimit-reset-requests"] == "1h0m0s"
    assert await limited.metric("gateway_denied_requests_total", reason="limit_exceeded") == 1
