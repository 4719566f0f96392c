"""Azure OpenAI, as OpenAI's own SDK speaks it."""

import json
from collections.abc import Callable, Iterator

import httpx2
import openai
import pytest

from gateway.dialects.azure import cut_event, models_page, render
from gateway.dialects.refusal import Refusal
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Reason

Handler = Callable[[httpx2.Request], httpx2.Response]
Ask = Callable[[Handler], openai.AzureOpenAI]


@pytest.fixture
def sdk() -> Iterator[Ask]:
    clients: list[openai.AzureOpenAI] = []

    def make(handler: Handler) -> openai.AzureOpenAI:
        transport = httpx2.Client(transport=httpx2.MockTransport(handler))
        clients.append(
            openai.AzureOpenAI(api_key="a.b.c", azure_endpoint="http://gate.example", api_version="2025-01-01", http_client=transport)
        )
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.mark.parametrize(
    ("reason", "error", "code"),
    [
        (Reason.MODEL_UNKNOWN, openai.NotFoundError, "DeploymentNotFound"),
        (Reason.ORG_NOT_APPROVED, openai.PermissionDeniedError, "org_not_approved"),
        (Reason.TOKEN_EXPIRED, openai.AuthenticationError, "token_expired"),
        (Reason.POLICY_STALE, openai.InternalServerError, "policy_stale"),
    ],
)
def test_the_sdk_raises_its_own_error_at_once(sdk: Ask, reason: Reason, error: type[openai.APIStatusError], code: str) -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        response = render(Refusal(reason, "dec_1", "req_1", model="m"))
        return httpx2.Response(response.status, headers=response.headers, content=response.body)

    with pytest.raises(error) as caught:
        sdk(handler).chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    assert [request.url.path for request in requests] == ["/openai/deployments/m/chat/completions"]
    assert json.loads(requests[0].content)["model"] == "m", "it names the model in both places"
    assert (caught.value.code, caught.value.request_id) == (code, "req_1")
    assert caught.value.response.headers["apim-request-id"] == "req_1"


def test_a_cut_stream_raises_with_the_reason(sdk: Ask) -> None:
    content = cut_event(Refusal(Reason.GRANT_EXPIRED, "dec_1", "req_1"))
    client = sdk(lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=content))
    with pytest.raises(openai.APIError, match="grant_expired"):
        list(client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}], stream=True))


def test_the_list_of_models(sdk: Ask) -> None:
    content = models_page((Model("gpt-5.6", "up"),))
    client = sdk(lambda _: httpx2.Response(200, headers={"content-type": "application/json"}, content=content))
    assert [model.id for model in client.models.list()] == ["gpt-5.6"]
