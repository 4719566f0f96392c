"""A refusal reaches the customer's code as the exception class that the SDK has for it, says why, and is not retried."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import anthropic
import openai
import pytest
from msgspec import Struct
from support.running import CONTACT, COUNTRY_HEADER, GATED, HIDDEN, OPEN, REGIONAL, RunningGate
from support.sdk import (
    MESSAGES,
    SDK_ERRORS,
    SHORT,
    async_anthropic,
    async_openai,
    sync_anthropic,
    sync_openai,
    told,
)

from gateway.demo.issuer import DemoIssuer

Ask = Callable[[RunningGate, str, str], Awaitable[Any]]


async def ask_openai(gate: RunningGate, token: str, model: str) -> Any:
    async with async_openai(gate, token) as client:
        return await client.chat.completions.create(model=model, messages=MESSAGES)


async def ask_openai_for_a_stream(gate: RunningGate, token: str, model: str) -> Any:
    async with async_openai(gate, token) as client:
        return await client.responses.create(model=model, input="What is a gate?", stream=True)


async def ask_openai_blocking(gate: RunningGate, token: str, model: str) -> Any:
    def ask() -> Any:
        with sync_openai(gate, token) as client:
            return client.chat.completions.create(model=model, messages=MESSAGES)

    return await asyncio.to_thread(ask)


async def ask_anthropic(gate: RunningGate, token: str, model: str) -> Any:
    async with async_anthropic(gate, token) as client:
        return await client.messages.create(model=model, messages=MESSAGES, max_tokens=SHORT)


async def ask_anthropic_blocking(gate: RunningGate, token: str, model: str) -> Any:
    def ask() -> Any:
        with sync_anthropic(gate, token) as client:
            return client.messages.create(model=model, messages=MESSAGES, max_tokens=SHORT)

    return await asyncio.to_thread(ask)


ASKS: tuple[Ask, ...] = (ask_openai, ask_openai_for_a_stream, ask_openai_blocking, ask_anthropic, ask_anthropic_blocking)


@pytest.fixture(params=ASKS, ids=lambda ask: ask.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    """Every way to ask in turn."""
    found: Ask = request.param
    return found


class Case(Struct, frozen=True):
    """Who asks for what, and what must come of it: the reason, and the class's name in both SDKs. `counted`: what the operator sees."""

    reason: str
    error: str
    model: str
    token: Callable[[RunningGate], str]
    counted: str = ""


CASES = (
    Case("token_malformed", "AuthenticationError", OPEN, lambda _: "sk-not-a-token-at-all"),
    Case("token_expired", "AuthenticationError", OPEN, lambda gate: gate.mint(lifetime=-60.0)),
    Case("issuer_unknown", "AuthenticationError", OPEN, lambda gate: gate.mint(iss="https://elsewhere.example")),
    Case("token_invalid", "AuthenticationError", OPEN, lambda gate: gate.mint(aud="another-service")),
    Case("org_not_approved", "PermissionDeniedError", GATED, lambda gate: gate.mint("org_stranger")),
    Case("org_missing", "PermissionDeniedError", GATED, lambda gate: gate.mint(None)),
    Case("nationality_restricted", "PermissionDeniedError", GATED, lambda gate: gate.mint(nationalities=["DE", "KP"])),
    Case("nationality_unknown", "PermissionDeniedError", GATED, lambda gate: gate.mint(nationalities=None)),
    Case("model_unknown", "NotFoundError", "no-such-model", lambda gate: gate.mint()),
    Case("model_unknown", "NotFoundError", HIDDEN, lambda gate: gate.mint(), counted="org_not_approved"),
)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.reason} {case.model}" for case in CASES])
@pytest.mark.parametrize("speak", [ask_openai, ask_anthropic], ids=["openai", "anthropic"])
async def test_a_refusal_is_the_sdks_own_exception_and_is_not_retried(gate: RunningGate, speak: Ask, case: Case) -> None:
    await assert_refused_once(gate, speak, case)


async def test_so_it_is_however_one_asks(gate: RunningGate, ask: Ask) -> None:
    await assert_refused_once(gate, ask, Case("org_not_approved", "PermissionDeniedError", GATED, lambda gate: gate.mint("org_stranger")))


async def assert_refused_once(gate: RunningGate, ask: Ask, case: Case) -> None:
    with pytest.raises(SDK_ERRORS) as caught:
        await ask(gate, case.token(gate), case.model)
    error = caught.value
    assert type(error).__name__ == case.error
    assert_reason_is_readable(error, case.reason)
    assert await gate.metric("gateway_requests_total") == 1, "asked once"
    assert await gate.metric("gateway_denied_requests_total", reason=case.counted or case.reason) == 1
    assert not gate.upstream.requests


def assert_reason_is_readable(error: Exception, reason: str) -> None:
    """Reason, decision id and contact, both for programs and in what is printed."""
    facts = told(error)
    assert facts.reason == reason
    assert isinstance(error, openai.APIStatusError | anthropic.APIStatusError)
    assert facts.decision_id == error.response.headers["x-gateway-decision-id"]
    assert error.request_id
    for said in (reason, facts.decision_id, CONTACT):
        assert said in facts.text


async def test_a_body_that_names_no_model_is_a_bad_request_in_both_sdks(gate: RunningGate) -> None:
    with pytest.raises(openai.BadRequestError) as one:
        await ask_openai(gate, gate.mint(), "")
    with pytest.raises(anthropic.BadRequestError) as other:
        await ask_anthropic(gate, gate.mint(), "")
    assert told(one.value).reason == told(other.value).reason == "model_unresolved"


async def test_a_retrieved_model_that_is_not_for_this_caller_does_not_exist(gate: RunningGate) -> None:
    async with async_openai(gate) as one, async_anthropic(gate) as other:
        for name in (HIDDEN, REGIONAL, "no-such-model"):
            with pytest.raises(openai.NotFoundError) as caught:
                await one.models.retrieve(name)
            assert caught.value.code == "model_not_found"
            with pytest.raises(anthropic.NotFoundError):
                await other.models.retrieve(name)


async def test_a_hidden_models_refusal_cannot_be_told_from_that_of_a_model_that_is_not_there(gate: RunningGate) -> None:
    texts = []
    for name in (HIDDEN, "secret-2"):
        with pytest.raises(openai.NotFoundError) as caught:
            await ask_openai(gate, gate.mint(), name)
        body = json.dumps(caught.value.body).replace(told(caught.value).decision_id, "ID").replace(name, "NAME")
        headers = set(caught.value.response.headers)
        texts.append((body, headers))
    assert texts[0] == texts[1]


async def test_a_restricted_region_has_the_code_that_openais_api_uses(gate: RunningGate) -> None:
    await gate.admit("org_acme", REGIONAL)
    async with async_openai(gate).with_options(default_headers={COUNTRY_HEADER: "KP"}) as client:
        with pytest.raises(openai.PermissionDeniedError) as caught:
            await client.chat.completions.create(model=REGIONAL, messages=MESSAGES)
    assert caught.value.code == "unsupported_country_region_territory"
    assert told(caught.value).reason == "region_restricted"


@pytest.mark.parametrize("ask", [ask_openai, ask_anthropic], ids=["openai", "anthropic"])
async def test_a_directive_with_a_legal_basis_is_451_and_names_its_authority(gate: RunningGate, ask: Ask) -> None:
    order = {
        "effect": "suspend",
        "models": [GATED],
        "authority": "Order 7",
        "legal_basis": "Act 1, section 2",
        "message": "Suspended by order.",
    }
    gate.raw.hset("gateway:directives", "order-7", json.dumps(order))
    await gate.settled()
    with pytest.raises(SDK_ERRORS) as caught:
        await ask(gate, gate.mint(), GATED)
    assert isinstance(caught.value, openai.APIStatusError | anthropic.APIStatusError)
    assert caught.value.status_code == 451
    assert told(caught.value).reason == "directive"
    assert "Suspended by order." in str(caught.value)
    assert "Order 7" in json.dumps(caught.value.body)
    assert await gate.metric("gateway_requests_total") == 1


@pytest.mark.parametrize("ask", [ask_openai, ask_anthropic], ids=["openai", "anthropic"])
async def test_a_revoked_token_is_an_authentication_error(gate: RunningGate, ask: Ask) -> None:
    gate.raw.hset("gateway:revocations", "jti:stolen", "{}")
    await gate.settled()
    with pytest.raises((openai.AuthenticationError, anthropic.AuthenticationError)) as caught:
        await ask(gate, gate.mint(jti="stolen"), GATED)
    assert told(caught.value).reason == "token_revoked"


@pytest.mark.parametrize("ask", [ask_openai, ask_anthropic], ids=["openai", "anthropic"])
async def test_a_token_signed_with_another_key_is_an_authentication_error(gate: RunningGate, ask: Ask, tmp_path: Any) -> None:
    forger = DemoIssuer(tmp_path / "forger")
    with pytest.raises((openai.AuthenticationError, anthropic.AuthenticationError)) as caught:
        await ask(gate, forger.mint(org_id="org_acme", headers={"kid": gate.issuer.key_id}), GATED)
    assert told(caught.value).reason == "token_invalid"


async def test_what_reaches_into_other_requests_is_no_route(gate: RunningGate) -> None:
    async with async_openai(gate) as client:
        with pytest.raises(openai.PermissionDeniedError) as caught:
            await client.responses.create(model=GATED, input="and then?", previous_response_id="resp_of_somebody")
        assert told(caught.value).reason == "route_not_allowed"
        with pytest.raises(openai.PermissionDeniedError):
            await client.files.list()


@pytest.mark.parametrize(("path", "header"), [("/v1/chat/completions", "authorization"), ("/v1/messages", "x-api-key")])
async def test_problem_details_for_who_asks_for_them(gate: RunningGate, path: str, header: str) -> None:
    headers = {header: ("Bearer " if header == "authorization" else "") + gate.mint("org_stranger"), "accept": "application/problem+json"}
    async with gate.session.post(gate.url + path, json={"model": GATED, "messages": MESSAGES}, headers=headers) as response:
        problem = json.loads(await response.read())
        assert response.status == problem["status"] == 403
        assert response.content_type == "application/problem+json"
        assert response.headers["x-should-retry"] == "false"
        assert response.headers["cache-control"] == "no-store"
    assert (problem["type"], problem["title"], problem["reason"]) == ("about:blank", "Forbidden", "org_not_approved")
    assert problem["decision_id"] == response.headers["x-gateway-decision-id"]
    assert problem["contact"] == CONTACT
