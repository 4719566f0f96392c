"""When the inference API fails, the SDKs see a failure and never a shorter answer; what may be tried again is tried again."""

import asyncio
from pathlib import Path

import anthropic
import httpx2
import openai
import pytest
from support.running import GATED, OPEN, RunningGate, running_gate
from support.sdk import MESSAGES, SDK_ERRORS, SHORT, Heard, Voice, async_anthropic, async_openai
from support.wire_ends import answering, scripted

from gateway.settings.shape import Limits, Upstream

BROKEN_OFF = (*SDK_ERRORS, httpx2.TransportError)
CHAT = (
    b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":'
    b'[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"here"}}]}'
)


def whole(status: bytes, body: bytes) -> bytes:
    """Write an answer as the upstream sends it."""
    return b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


async def test_an_upstream_that_dies_in_mid_stream_is_an_error_and_never_a_clean_end(gate: RunningGate, voice: Voice) -> None:
    gate.upstream.pace, gate.upstream.break_after = 0.002, 8
    heard = Heard()
    with pytest.raises(BROKEN_OFF):
        await voice.listen(gate, GATED, heard, length=SHORT * 3)
    assert heard.events <= 8
    assert await gate.metric("gateway_streams_open") == 0
    assert await gate.metric("gateway_upstream_requests_total", status="failed") == 1
    assert await gate.metric("gateway_streams_cut_total") == 0, "it was not the policy that ended it"


async def test_an_upstream_that_is_not_there_is_a_502_that_is_tried_again(gate: RunningGate) -> None:
    await gate.upstream.stop()
    async with async_openai(gate) as one, async_anthropic(gate) as other:
        with pytest.raises(openai.InternalServerError) as first:
            await one.with_options(max_retries=1).chat.completions.create(model=GATED, messages=MESSAGES)
        with pytest.raises(anthropic.InternalServerError) as second:
            await other.with_options(max_retries=1).messages.create(model=GATED, messages=MESSAGES, max_tokens=SHORT)
    for error in (first.value, second.value):
        assert error.status_code == 502
        assert "x-should-retry" not in error.response.headers
        assert error.request_id
        assert "127.0.0.1" not in str(error)
    assert await gate.metric("gateway_requests_total", decision="permit") == 4, "twice each"


async def test_an_upstream_that_comes_back_is_found_by_the_retry(gate: RunningGate) -> None:
    await gate.upstream.stop()
    async with async_openai(gate) as client:
        asking = asyncio.create_task(client.chat.completions.create(model=GATED, messages=MESSAGES))
        await gate.until_metric("gateway_upstream_requests_total", 1, status="failed")
        await gate.upstream.start()
        answer = await asking
    assert answer.choices[0].message.content
    assert len(gate.upstream.requests) == 1


async def test_an_upstreams_own_503_goes_through_and_is_tried_again(tmp_path: Path) -> None:
    async with scripted(
        answering(whole(b"503 Service Unavailable", b'{"error":{"message":"too busy"}}'), whole(b"200 OK", CHAT))
    ) as upstream:
        section = Upstream(name="demo", urls=(upstream.url,))
        async with running_gate(tmp_path, upstreams=(section,)) as gate:
            await gate.admit("org_acme")
            async with async_openai(gate) as client:
                answer = await client.chat.completions.create(model=GATED, messages=MESSAGES)
            assert answer.choices[0].message.content == "here"
            assert upstream.connections == 1
            assert await gate.metric("gateway_upstream_requests_total", status="503") == 1


async def test_an_upstream_that_has_no_room_is_a_503_that_is_tried_again(tmp_path: Path) -> None:
    async with running_gate(tmp_path) as placed:
        section = Upstream(name="demo", urls=(placed.upstream.url,), max_connections=1, connect_timeout=0.05)
        async with running_gate(tmp_path / "small", upstreams=(section,)) as gate:
            await gate.admit("org_acme")
            placed.upstream.flowing.clear()
            async with async_openai(gate) as client:
                first = asyncio.create_task(client.chat.completions.create(model=GATED, messages=MESSAGES))
                await placed.upstream.until(lambda upstream: len(upstream.requests) == 1)
                second = asyncio.create_task(client.chat.completions.create(model=GATED, messages=MESSAGES))
                await gate.until_metric("gateway_upstream_requests_total", 1, status="failed")
                placed.upstream.flowing.set()
                answers = await asyncio.gather(first, second)
            assert [answer.choices[0].finish_reason for answer in answers] == ["stop", "stop"]


async def test_a_large_body_goes_through_and_one_too_large_is_refused_in_the_sdks_terms(tmp_path: Path) -> None:
    async with running_gate(tmp_path, limits=Limits(body=2_000_000, drain=0.2)) as gate:
        await gate.admit("org_acme")
        async with async_openai(gate) as client:
            answer = await client.embeddings.create(model=OPEN, input="x" * 1_900_000, encoding_format="float")
            assert answer.data
            with pytest.raises(openai.APIStatusError) as caught:
                await client.embeddings.create(model=OPEN, input="x" * 2_100_000, encoding_format="float")
    assert caught.value.status_code == 413
    assert len(gate.upstream.requests) == 1


async def test_draining_ends_running_streams_whole(tmp_path: Path, voice: Voice) -> None:
    heard = Heard()
    async with running_gate(tmp_path, limits=Limits(drain=20.0), pace=0.01) as gate:
        await gate.admit("org_acme")
        listening = asyncio.create_task(voice.listen(gate, GATED, heard, length=40))
        await gate.until(lambda: heard.events >= 3, "three events")
        await gate.gateway.stop()
        await asyncio.wait_for(listening, 10)
        assert heard.events >= 40
