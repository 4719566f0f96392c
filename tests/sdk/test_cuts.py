"""In the middle of a stream: whatever ends the permission, the SDK raises its own error with the reason, and the upstream stops."""

import asyncio
from collections.abc import Callable

import anthropic
import openai
import pytest
from support.running import GATED, OPEN, RunningGate
from support.sdk import MESSAGES, SDK_ERRORS, VOICES, Heard, Voice, async_openai, told

CHAT, MESSAGES_API = VOICES[1], VOICES[5]
AT_ONCE = 2.0  # seconds that a busy machine may need for what takes a millisecond


async def cut_by(gate: RunningGate, voice: Voice, change: Callable[[], object], heard: Heard) -> BaseException:
    """Make the change when the stream flows; give what the SDK raised. The upstream must have stopped by itself."""
    listening = asyncio.create_task(voice.listen(gate, GATED, heard))
    await gate.until(lambda: heard.events >= 3 or listening.done(), "three events")
    change()
    with pytest.raises(SDK_ERRORS) as caught:
        async with asyncio.timeout(AT_ONCE):
            await listening
    await gate.upstream.until(lambda upstream: upstream.open_streams == 0, AT_ONCE)
    assert gate.upstream.cancelled == 1
    return caught.value


@pytest.fixture(autouse=True)
def paced(gate: RunningGate) -> None:
    """Words come slowly enough that no stream ends during a test."""
    gate.upstream.pace = 0.002


async def test_a_grant_removed_by_hand_ends_the_stream_with_its_reason(gate: RunningGate, voice: Voice) -> None:
    heard = Heard()
    error = await cut_by(gate, voice, lambda: gate.raw.hdel(f"gateway:allowlist:{GATED}", "org_acme"), heard)
    facts = told(error)
    assert facts.reason == "org_not_approved"
    assert facts.decision_id == heard.decision_id
    assert facts.reason in facts.text
    assert facts.decision_id in facts.text
    assert await gate.metric("gateway_streams_cut_total", model=GATED, reason="org_not_approved") == 1
    assert await gate.metric("gateway_streams_open") == 0
    assert await gate.metric("gateway_revocation_seconds_count") == 1
    assert await gate.metric("gateway_requests_total") == 1, "a stream that was cut is not asked for again"


@pytest.mark.parametrize(
    ("voice", "expected"), [(CHAT, openai.APIError), (MESSAGES_API, anthropic.APIStatusError)], ids=["openai", "anthropic"]
)
async def test_the_class_of_the_error_is_the_sdks_own(gate: RunningGate, voice: Voice, expected: type[Exception]) -> None:
    error = await cut_by(gate, voice, lambda: gate.raw.hdel(f"gateway:allowlist:{GATED}", "org_acme"), Heard())
    assert isinstance(error, expected)


CHANGES = {
    "stage": ("model_suspended", "HSET", "gateway:models", GATED, '{"stage": "suspended"}'),
    "directive": ("directive", "HSET", "gateway:directives", "d1", f'{{"effect": "suspend", "models": ["{GATED}"]}}'),
    "revoked organisation": ("token_revoked", "HSET", "gateway:revocations", "org:org_acme", "{}"),
    "revoked subject": ("token_revoked", "HSET", "gateway:revocations", "sub:demo/demo-user", "{}"),
    "evaluators only": ("org_not_approved", "HSET", "gateway:models", GATED, '{"stage": "evaluation"}'),
    "grant over": ("grant_expired", "HSET", f"gateway:allowlist:{GATED}", "org_acme", '{"until": "2020-01-01T00:00:00Z"}'),
    "grant torn": ("grant_invalid", "HSET", f"gateway:allowlist:{GATED}", "org_acme", '{"until": "tomorrow"'),
    "condition": (
        "nationality_restricted",
        *("HSET", f"gateway:allowlist:{GATED}", "org_acme", '{"conditions": {"nationality": {"any_in": ["DE"]}}}'),
    ),
    "list deleted": ("org_not_approved", "DEL", f"gateway:allowlist:{GATED}"),
    "everything gone": ("policy_uninitialised", "FLUSHALL"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_whatever_ends_the_permission_cuts_the_stream(gate: RunningGate, change: tuple[str, ...]) -> None:
    reason, *command = change
    error = await cut_by(gate, CHAT, lambda: gate.cli(*command), Heard())
    assert told(error).reason == reason


async def test_a_change_that_leaves_the_permission_alone_cuts_nothing(gate: RunningGate) -> None:
    listening = [asyncio.create_task(voice.listen(gate, GATED, Heard(), length=200)) for voice in (CHAT, MESSAGES_API)]
    await gate.upstream.until(lambda upstream: upstream.open_streams == 2)
    await gate.admit("org_other")
    await gate.remove("org_other")
    await gate.admit("org_acme", grant='{"authority": "another letter"}')
    await asyncio.gather(*listening)
    assert gate.upstream.cancelled == 0


async def test_only_the_one_who_was_removed_is_cut(gate: RunningGate) -> None:
    await gate.admit("org_other")
    removed, other, ungated = Heard(), Heard(), Heard()
    streams = [
        asyncio.create_task(CHAT.listen(gate, GATED, removed)),
        asyncio.create_task(MESSAGES_API.listen(gate, GATED, other, length=300, token=gate.mint("org_other"))),
        asyncio.create_task(CHAT.listen(gate, OPEN, ungated, length=300)),
    ]
    await gate.until(lambda: all(heard.events >= 3 for heard in (removed, other, ungated)), "three events each")
    gate.raw.hdel(f"gateway:allowlist:{GATED}", "org_acme")
    with pytest.raises(openai.APIError):
        await streams[0]
    await asyncio.gather(*streams[1:])
    assert gate.upstream.cancelled == 1


async def test_an_answer_that_has_not_begun_becomes_a_refusal(gate: RunningGate) -> None:
    gate.upstream.flowing.clear()
    async with async_openai(gate) as client:
        asking = asyncio.create_task(client.chat.completions.create(model=GATED, messages=MESSAGES))
        await gate.upstream.until(lambda upstream: len(upstream.requests) == 1)
        gate.raw.hdel(f"gateway:allowlist:{GATED}", "org_acme")
        with pytest.raises(openai.PermissionDeniedError) as caught:
            await asking
    assert told(caught.value).reason == "org_not_approved"
    assert len(gate.upstream.requests) == 1


@pytest.mark.parametrize("voice", [voice for voice in VOICES if not voice.blocking], ids=lambda voice: voice.name)
async def test_a_caller_that_leaves_stops_the_upstream(gate: RunningGate, voice: Voice) -> None:
    heard = Heard()
    listening = asyncio.create_task(voice.listen(gate, GATED, heard))
    await gate.until(lambda: heard.events >= 3, "three events")
    listening.cancel()
    await gate.upstream.until(lambda upstream: upstream.open_streams == 0, AT_ONCE)
    assert gate.upstream.cancelled == 1
    assert await gate.metric("gateway_client_aborts_total") == 1
