"""What an operator types into redis-cli is in force for the next request, on Redis and on Valkey; what cannot be read denies."""

from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest
from support.running import ALIAS, GATED, OPEN, RunningGate, running_gate
from support.sdk import MESSAGES, async_openai
from support.servers import RedisServer


@pytest.fixture
async def gate(tmp_path: Path, store_server: RedisServer) -> AsyncIterator[RunningGate]:
    """A gate on a real server whose store holds a partner of no interest here."""
    store_server.cli("HSET", f"gateway:allowlist:{GATED}", "org_first", "{}")
    async with running_gate(tmp_path, store=store_server) as running:
        yield running


async def outcome(gate: RunningGate, organisation: str = "org_acme", model: str = GATED) -> str:
    """Ask with OpenAI's SDK: "served", or the code of the refusal."""
    async with async_openai(gate, gate.mint(organisation)) as client:
        try:
            await client.chat.completions.create(model=model, messages=MESSAGES)
        except openai.APIStatusError as refusal:
            return str(refusal.code)
    return "served"


async def test_hset_admits_and_hdel_refuses(gate: RunningGate, store_server: RedisServer) -> None:
    assert await outcome(gate) == "org_not_approved"
    store_server.cli("HSET", f"gateway:allowlist:{GATED}", "org_acme", "{}")
    await gate.settled()
    assert await outcome(gate) == "served"
    assert await outcome(gate, model=ALIAS) == "served"
    store_server.cli("HDEL", f"gateway:allowlist:{GATED}", "org_acme")
    await gate.settled()
    assert await outcome(gate) == "org_not_approved"


async def test_a_stage_typed_by_hand_is_the_stage(gate: RunningGate, store_server: RedisServer) -> None:
    for model, stage, expected in (
        (OPEN, "suspended", "model_suspended"),
        (OPEN, "preview", "org_not_approved"),
        (OPEN, "general", "served"),
        (GATED, "general", "served"),
        (GATED, "preview", "org_not_approved"),
    ):
        store_server.cli("HSET", "gateway:models", model, f'{{"stage": "{stage}"}}')
        await gate.settled()
        assert await outcome(gate, model=model) == expected


TORN = ('{"until": "tomorrow"}', "{", "[]", "null", '{"untill": "2030-01-01T00:00:00Z"}', '{"waive": []}{}')


async def test_a_grant_that_cannot_be_read_denies_and_is_counted(gate: RunningGate, store_server: RedisServer) -> None:
    for count, torn in enumerate(TORN, start=1):
        store_server.cli("HSET", f"gateway:allowlist:{GATED}", "org_acme", torn)
        await gate.settled()
        assert await outcome(gate) == "grant_invalid", torn
        assert await gate.metric("gateway_denied_requests_total", reason="grant_invalid", org="org_acme") == count
    assert await outcome(gate, "org_first") == "served", "one torn entry harms nobody else"
    assert await gate.metric("gateway_policy_invalid_entries") == 1
    store_server.cli("HSET", f"gateway:allowlist:{GATED}", "org_acme", "{}")
    await gate.settled()
    assert await outcome(gate) == "served"
    assert await gate.metric("gateway_policy_invalid_entries") == 0


async def test_a_stage_that_cannot_be_read_suspends_and_is_counted(gate: RunningGate, store_server: RedisServer) -> None:
    store_server.cli("HSET", "gateway:models", OPEN, '{"stage": "genral"}')
    await gate.settled()
    assert await outcome(gate, model=OPEN) == "model_suspended"
    assert await gate.metric("gateway_policy_invalid_entries") == 1


async def test_a_list_of_the_wrong_kind_admits_nobody(gate: RunningGate, store_server: RedisServer) -> None:
    store_server.cli("DEL", f"gateway:allowlist:{GATED}")
    store_server.cli("SET", f"gateway:allowlist:{GATED}", "org_first")
    await gate.until(lambda: not gate.snapshot.grants.get(GATED), "no grants")
    assert await outcome(gate, "org_first") != "served"


async def test_the_models_list_follows_the_store(gate: RunningGate, store_server: RedisServer) -> None:
    async with async_openai(gate) as client:
        assert [model.id async for model in client.models.list()] == [OPEN]
        store_server.cli("HSET", f"gateway:allowlist:{GATED}", "org_acme", "{}")
        await gate.settled()
        assert [model.id async for model in client.models.list()] == [GATED, OPEN]
        store_server.cli("HSET", "gateway:models", OPEN, '{"stage": "suspended"}')
        await gate.settled()
        assert [model.id async for model in client.models.list()] == [GATED]
