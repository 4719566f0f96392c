"""What the official SDK makes of it: its own exceptions, the reason readable, one request only."""

import json
from collections.abc import Callable, Iterator

import httpx2
import openai
import pytest

from gateway.dialects.openai import cut_event, model_entry, models_page, render
from gateway.dialects.refusal import Refusal
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Reason

CHUNK = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
Handler = Callable[[httpx2.Request], httpx2.Response]
Ask = Callable[[Handler], openai.OpenAI]


@pytest.fixture
def sdk() -> Iterator[Ask]:
    clients: list[openai.OpenAI] = []

    def make(handler: Handler) -> openai.OpenAI:
        transport = httpx2.Client(transport=httpx2.MockTransport(handler))
        clients.append(openai.OpenAI(api_key="a.b.c", base_url="http://gate.example/v1", http_client=transport))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def answer(refusal: Refusal) -> httpx2.Response:
    response = render(refusal)
    return httpx2.Response(response.status, headers=response.headers, content=response.body)


def chat(client: openai.OpenAI) -> None:
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])


@pytest.mark.parametrize("reason", Reason)
def test_the_sdk_raises_its_own_error_at_once(sdk: Ask, reason: Reason) -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return answer(Refusal(reason, "dec_1", "req_1", contact="access@gate.example", retry_after=1))

    with pytest.raises(openai.APIStatusError) as caught:
        chat(sdk(handler))
    assert len(requests) == 1, "not retried"
    assert caught.value.request_id == "req_1"
    assert f"reason {reason}" in str(caught.value)
    assert "dec_1" in str(caught.value)
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["reason"] == reason


@pytest.mark.parametrize(
    ("reason", "legal_basis", "error", "kind", "code"),
    [
        (Reason.MODEL_AMBIGUOUS, "", openai.BadRequestError, "invalid_request_error", "model_ambiguous"),
        (Reason.TOKEN_EXPIRED, "", openai.AuthenticationError, "invalid_request_error", "token_expired"),
        (Reason.ORG_NOT_APPROVED, "", openai.PermissionDeniedError, "request_forbidden", "org_not_approved"),
        (Reason.REGION_RESTRICTED, "", openai.PermissionDeniedError, "request_forbidden", "unsupported_country_region_territory"),
        (Reason.MODEL_UNKNOWN, "", openai.NotFoundError, "invalid_request_error", "model_not_found"),
        (Reason.LIMIT_EXCEEDED, "", openai.RateLimitError, "rate_limit_error", "limit_exceeded"),
        (Reason.POLICY_STALE, "", openai.InternalServerError, "server_error", "policy_stale"),
        (Reason.DIRECTIVE, "15 CFR 744", openai.APIStatusError, "request_forbidden", "directive"),
    ],
)
def test_the_sdks_own_classes(sdk: Ask, reason: Reason, legal_basis: str, error: type[openai.APIStatusError], kind: str, code: str) -> None:
    with pytest.raises(error) as caught:
        chat(sdk(lambda _: answer(Refusal(reason, "dec_1", "req_1", model="m", legal_basis=legal_basis))))
    assert type(caught.value) is error
    assert (caught.value.type, caught.value.code) == (kind, code)


def test_a_cut_stream_raises_with_the_reason(sdk: Ask) -> None:
    content = CHUNK * 2 + cut_event(Refusal(Reason.GRANT_EXPIRED, "dec_1", "req_1"))
    client = sdk(lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=content))
    stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}], stream=True)
    received: list[str | None] = []
    with pytest.raises(openai.APIError, match=r"reason grant_expired, decision dec_1") as caught:
        received.extend(chunk.choices[0].delta.content for chunk in stream)
    assert received == ["hi", "hi"]
    assert caught.value.code == "grant_expired"
    assert caught.value.type == "request_forbidden"


def test_a_cut_stream_of_the_responses_api_raises_too(sdk: Ask) -> None:
    content = cut_event(Refusal(Reason.DIRECTIVE, "dec_1", "req_1"))
    client = sdk(lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=content))
    with pytest.raises(openai.APIError, match="directive"):
        list(client.responses.create(model="m", input="hi", stream=True))
    data = json.loads(content.split(b"data: ")[1])
    assert (data["type"], data["code"]) == ("error", "directive")


def test_the_list_of_models(sdk: Ask) -> None:
    models = (Model("gpt-5.6", "up", owned_by="lab", created=1_760_000_000), Model("other", "up"))
    client = sdk(lambda _: httpx2.Response(200, headers={"content-type": "application/json"}, content=models_page(models)))
    assert [(model.id, model.owned_by, model.created) for model in client.models.list()] == [
        ("gpt-5.6", "lab", 1_760_000_000),
        ("other", "gateway", 0),
    ]


def test_one_model(sdk: Ask) -> None:
    content = model_entry(Model("gpt-5.6", "up"))
    client = sdk(lambda _: httpx2.Response(200, headers={"content-type": "application/json"}, content=content))
    assert client.models.retrieve("gpt-5.6").id == "gpt-5.6"
    assert json.loads(content) == {"id": "gpt-5.6", "object": "model", "created": 0, "owned_by": "gateway"}
