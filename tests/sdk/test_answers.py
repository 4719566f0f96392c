"""What customers do all day, through the gate: the answers are the upstream's, the models list is the policy's."""

import asyncio
import base64
import json
from typing import Any

import openai
import pytest
from support.running import ALIAS, GATED, OPEN, UPSTREAM_KEY, RunningGate
from support.sdk import MESSAGES, SHORT, Heard, Voice, async_anthropic, async_openai, sync_anthropic, sync_openai

PIXEL = base64.b64encode(bytes(range(256)) * 40).decode()
OPENAI_TOOL: Any = {"type": "function", "function": {"name": "find_gate", "parameters": {"type": "object", "properties": {}}}}
ANTHROPIC_TOOL: Any = {"name": "find_gate", "input_schema": {"type": "object", "properties": {}}}


def received(gate: RunningGate) -> dict[str, Any]:
    """Parse the body that reached the upstream last."""
    body: dict[str, Any] = json.loads(gate.upstream.requests[-1].body)
    return body


# -- completions ------------------------------------------------------------------------------------------------------


async def test_openai_completes(gate: RunningGate) -> None:
    async with async_openai(gate) as client:
        answer = await client.chat.completions.create(model=GATED, messages=MESSAGES, max_completion_tokens=SHORT)
    assert answer.choices[0].message.content == "A gate is not a wall. A wall says no to everyone"
    assert answer.model == GATED


async def test_the_blocking_clients_complete_too(gate: RunningGate) -> None:
    def ask() -> tuple[str | None, str]:
        with sync_openai(gate) as one, sync_anthropic(gate) as other:
            chat = one.chat.completions.create(model=GATED, messages=MESSAGES)
            message = other.messages.create(model=GATED, messages=MESSAGES, max_tokens=SHORT)
            assert message.content[0].type == "text"
            return chat.choices[0].message.content, message.content[0].text

    chat, message = await asyncio.to_thread(ask)
    assert chat is not None
    assert chat.startswith(message)


async def test_an_alias_is_the_model(gate: RunningGate) -> None:
    async with async_openai(gate) as client:
        answer = await client.chat.completions.create(model=ALIAS, messages=MESSAGES)
    assert answer.choices[0].finish_reason == "stop"


async def test_anthropic_completes(gate: RunningGate) -> None:
    async with async_anthropic(gate) as client:
        message = await client.messages.create(model=GATED, messages=MESSAGES, max_tokens=SHORT)
    assert message.content[0].type == "text"
    assert message.stop_reason == "end_turn"


async def test_the_old_completions_and_moderations_and_speech_answer(gate: RunningGate) -> None:
    async with async_openai(gate) as client:
        old = await client.completions.create(model=GATED, prompt="What is a gate?", max_tokens=SHORT)
        moderation = await client.moderations.create(model=OPEN, input="a gate")
        speech = await client.audio.speech.create(model=OPEN, voice="alloy", input="a gate")
    assert old.choices[0].text.startswith("A gate")
    assert not moderation.results[0].flagged
    assert speech.content == bytes(range(256)) * 16


async def test_the_responses_api_answers(gate: RunningGate) -> None:
    async with async_openai(gate) as client:
        answer = await client.responses.create(model=GATED, input="What is a gate?", max_output_tokens=SHORT)
    assert answer.output_text.startswith("A gate is not a wall.")


async def test_embeddings(gate: RunningGate) -> None:
    async with async_openai(gate) as client:
        answer = await client.embeddings.create(model=OPEN, input=["one", "two", "three"], encoding_format="float")
    assert [entry.index for entry in answer.data] == [0, 1, 2]
    assert answer.data[0].embedding == [0.25, -0.5, 0.125, 0.0625]


async def test_images_are_made(gate: RunningGate) -> None:
    async with async_openai(gate) as client:
        answer = await client.images.generate(model=OPEN, prompt="a gate")
    assert answer.data is not None
    assert answer.data[0].b64_json is not None
    assert base64.b64decode(answer.data[0].b64_json).startswith(b"\x89PNG")


async def test_tokens_are_counted(gate: RunningGate) -> None:
    async with async_anthropic(gate) as client:
        count = await client.messages.count_tokens(model=GATED, messages=MESSAGES)
    assert count.input_tokens == 9


# -- tools and images in the body ---------------------------------------------------------------------------------------


async def test_openai_tools_are_called(gate: RunningGate) -> None:
    async with async_openai(gate) as client:
        answer = await client.chat.completions.create(model=GATED, messages=MESSAGES, tools=[OPENAI_TOOL])
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].type == "function"
    assert calls[0].function.name == "find_gate"
    assert received(gate)["tools"] == [OPENAI_TOOL]


async def test_anthropic_tools_are_used(gate: RunningGate) -> None:
    async with async_anthropic(gate) as client:
        message = await client.messages.create(model=GATED, messages=MESSAGES, max_tokens=SHORT, tools=[ANTHROPIC_TOOL])
    assert message.stop_reason == "tool_use"
    assert message.content[0].type == "tool_use"
    assert message.content[0].name == "find_gate"


async def test_an_image_in_an_openai_body_arrives_whole(gate: RunningGate) -> None:
    content: Any = [
        {"type": "text", "text": "what is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
    ]
    async with async_openai(gate) as client:
        await client.chat.completions.create(model=GATED, messages=[{"role": "user", "content": content}])
    assert received(gate)["messages"][0]["content"] == content


async def test_an_image_in_an_anthropic_body_arrives_whole(gate: RunningGate) -> None:
    content: Any = [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}]
    async with async_anthropic(gate) as client:
        await client.messages.create(model=GATED, max_tokens=SHORT, messages=[{"role": "user", "content": content}])
    assert received(gate)["messages"][0]["content"] == content


async def test_a_word_like_model_inside_the_body_changes_nothing(gate: RunningGate) -> None:
    messages: Any = [{"role": "user", "content": f'{{"model": "{OPEN}"}} \u2028 \U0001f6aa'}]
    async with async_openai(gate, gate.mint("org_stranger")) as client:
        with pytest.raises(openai.PermissionDeniedError) as caught:
            await client.chat.completions.create(model=GATED, messages=messages, metadata={"model": OPEN})
    assert caught.value.code == "org_not_approved"
    assert not gate.upstream.requests


# -- streams ----------------------------------------------------------------------------------------------------------


async def test_a_stream_runs_to_its_clean_end(gate: RunningGate, voice: Voice) -> None:
    heard = Heard()
    await voice.listen(gate, GATED, heard, length=SHORT)
    assert heard.events >= SHORT
    assert heard.decision_id


async def test_the_helpers_put_a_stream_together(gate: RunningGate) -> None:
    async with (
        async_openai(gate) as client,
        client.chat.completions.stream(model=GATED, messages=MESSAGES, max_completion_tokens=SHORT) as chat,
    ):
        whole = await chat.get_final_completion()
    async with async_anthropic(gate) as other, other.messages.stream(model=GATED, messages=MESSAGES, max_tokens=SHORT) as stream:
        text = await stream.get_final_text()
    assert whole.choices[0].message.content == text == "A gate is not a wall. A wall says no to everyone "


async def test_the_usage_asked_for_comes_with_the_stream(gate: RunningGate) -> None:
    async with async_openai(gate) as client:
        stream = await client.chat.completions.create(
            model=GATED, messages=MESSAGES, max_completion_tokens=SHORT, stream=True, stream_options={"include_usage": True}
        )
        usages = [chunk.usage async for chunk in stream if chunk.usage is not None]
    assert [usage.total_tokens for usage in usages] == [57]


# -- what goes upstream, what comes back --------------------------------------------------------------------------------


async def test_the_upstream_sees_the_gates_key_and_never_the_token(gate: RunningGate) -> None:
    token = gate.mint()
    async with async_openai(gate, token) as one, async_anthropic(gate, token) as other:
        await one.chat.completions.create(model=GATED, messages=MESSAGES)
        await other.messages.create(model=GATED, messages=MESSAGES, max_tokens=SHORT)
    for request in gate.upstream.requests:
        assert request.header("authorization") == f"Bearer {UPSTREAM_KEY}"
        assert token not in repr(request.headers)
        assert request.header("x-api-key") is None
    assert gate.upstream.requests[-1].header("anthropic-version") is not None


async def test_every_answer_names_its_decision_and_the_policys_revision(gate: RunningGate) -> None:
    gate.raw.set("gateway:revision", 41)
    await gate.settled()
    async with async_openai(gate) as client:
        raw = await client.chat.completions.with_raw_response.create(model=GATED, messages=MESSAGES)
    assert raw.headers["x-gateway-revision"] == "41"
    assert raw.headers["x-request-id"]
    assert raw.headers["x-gateway-decision-id"]


# -- the catalogue ------------------------------------------------------------------------------------------------------


async def test_openai_lists_what_this_caller_may_use(gate: RunningGate) -> None:
    async with async_openai(gate) as partner, async_openai(gate, gate.mint("org_stranger")) as stranger:
        for_partner = [model.id async for model in partner.models.list()]
        for_stranger = [model.id async for model in stranger.models.list()]
    assert for_partner == [GATED, OPEN]
    assert for_stranger == [OPEN]
    assert not gate.upstream.requests


async def test_anthropic_lists_what_this_caller_may_use(gate: RunningGate) -> None:
    async with async_anthropic(gate) as partner:
        assert [model.id async for model in partner.models.list()] == [GATED, OPEN]


async def test_a_model_is_retrieved_by_id_and_by_alias(gate: RunningGate) -> None:
    async with async_openai(gate) as one, async_anthropic(gate) as other:
        model = await one.models.retrieve(GATED)
        by_alias = await one.models.retrieve(ALIAS)
        same = await other.models.retrieve(GATED)
    assert (model.id, model.created, model.owned_by) == (GATED, 1767225600, "gateway")
    assert by_alias.id == GATED
    assert (same.id, same.created_at.year) == (GATED, 2026)
