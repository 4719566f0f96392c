import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anthropic
import openai
import pytest

from gateway.demo.prose import TEXT
from gateway.demo.upstream import DemoUpstream

ASK: Any = [{"role": "user", "content": "What is a gate?"}]


@pytest.fixture
async def upstream() -> AsyncIterator[DemoUpstream]:
    server = DemoUpstream(pace=0.0)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def openai_client(upstream: DemoUpstream) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{upstream.url}/v1", api_key="key", max_retries=0) as client:
        yield client


@pytest.fixture
async def anthropic_client(upstream: DemoUpstream) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=upstream.url, api_key="key", max_retries=0) as client:
        yield client


async def test_the_openai_library_reads_a_completion_and_a_stream_alike(openai_client: openai.AsyncOpenAI) -> None:
    whole = await openai_client.chat.completions.create(model="m", messages=ASK)
    stream = await openai_client.chat.completions.create(model="m", messages=ASK, stream=True)
    pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    said = whole.choices[0].message.content
    assert said
    assert TEXT.replace("\n", " ").startswith(said)
    assert "".join(pieces).strip() == said


async def test_a_length_is_obeyed_past_the_end_of_the_text(openai_client: openai.AsyncOpenAI) -> None:
    whole = await openai_client.chat.completions.create(model="m", messages=ASK, max_tokens=500)
    assert len((whole.choices[0].message.content or "").split()) == 500


async def test_a_tool_that_is_offered_is_called(openai_client: openai.AsyncOpenAI, anthropic_client: anthropic.AsyncAnthropic) -> None:
    tool: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    chat = await openai_client.chat.completions.create(model="m", messages=ASK, tools=[tool])
    calls: Any = chat.choices[0].message.tool_calls or []
    assert [call.function.name for call in calls] == ["look"]
    tools: Any = [{"name": "look", "input_schema": {"type": "object"}}]
    message = await anthropic_client.messages.create(model="m", max_tokens=9, messages=ASK, tools=tools)
    assert message.content[0].type == "tool_use"


async def test_the_openai_library_reads_responses_embeddings_and_images(openai_client: openai.AsyncOpenAI) -> None:
    response = await openai_client.responses.create(model="m", input="hello", max_output_tokens=3)
    assert response.output_text == "A gate is"
    events = [
        event.type async for event in await openai_client.responses.create(model="m", input="hello", max_output_tokens=2, stream=True)
    ]
    assert events == ["response.created", "response.output_text.delta", "response.output_text.delta", "response.completed"]
    vectors = await openai_client.embeddings.create(model="m", input=["a", "b"], encoding_format="float")
    assert len(vectors.data) == 2
    assert (await openai_client.images.generate(model="m", prompt="p")).data
    assert len((await openai_client.audio.speech.create(model="m", voice="alloy", input="hi")).content) == 4096
    assert not (await openai_client.moderations.create(model="m", input="hi")).results[0].flagged
    assert (await openai_client.completions.create(model="m", prompt="p", max_tokens=2)).choices[0].text == "A gate "


async def test_the_anthropic_library_reads_a_message_and_a_stream_alike(anthropic_client: anthropic.AsyncAnthropic) -> None:
    whole = await anthropic_client.messages.create(model="m", max_tokens=12, messages=ASK)
    async with anthropic_client.messages.stream(model="m", max_tokens=12, messages=ASK) as stream:
        pieces = [text async for text in stream.text_stream]
    assert whole.content[0].type == "text"
    assert "".join(pieces).strip() == whole.content[0].text
    counted = await anthropic_client.messages.count_tokens(model="m", messages=ASK)
    assert counted.input_tokens == 9


async def test_it_remembers_what_it_was_asked(upstream: DemoUpstream) -> None:
    async with aiohttp.ClientSession() as session:
        await session.post(f"{upstream.url}/v1/embeddings?x=1", json={"input": "a"}, headers={"X-Probe": "here"})
    received = upstream.requests[-1]
    assert (received.method, received.target, received.header("x-probe")) == ("POST", "/v1/embeddings?x=1", "here")
    assert received.body == b'{"input": "a"}'


async def test_a_reader_that_leaves_is_counted(upstream: DemoUpstream) -> None:
    upstream.pace = 0.005
    async with aiohttp.ClientSession() as session:
        body = {"stream": True, "max_tokens": 100_000}
        async with session.post(f"{upstream.url}/v1/chat/completions", json=body) as response:
            await response.content.readline()
            await upstream.until(lambda server: server.open_streams == 1)
            response.close()
    await upstream.until(lambda server: server.cancelled == 1 and server.open_streams == 0)
    assert upstream.cancelled == 1


async def test_a_broken_stream_ends_without_a_clean_end(upstream: DemoUpstream) -> None:
    upstream.break_after = 3
    async with aiohttp.ClientSession() as session:
        response = await session.post(f"{upstream.url}/v1/chat/completions", json={"stream": True})
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_it_holds_its_answers_until_it_may_flow(upstream: DemoUpstream) -> None:
    upstream.flowing.clear()
    async with aiohttp.ClientSession() as session:
        asked = asyncio.ensure_future(session.post(f"{upstream.url}/v1/embeddings", json={"input": "a"}))
        await upstream.until(lambda server: len(server.requests) == 1)
        assert not asked.done()
        upstream.flowing.set()
        assert (await asked).status == 200


async def test_waiting_for_what_never_happens_ends(upstream: DemoUpstream) -> None:
    with pytest.raises(TimeoutError):
        await upstream.until(lambda server: server.cancelled == 99, within=0.01)


async def test_a_body_that_is_not_json_is_a_bad_request(upstream: DemoUpstream) -> None:
    async with aiohttp.ClientSession() as session:
        response = await session.post(f"{upstream.url}/v1/chat/completions", data=b"{")
        assert response.status == 400
