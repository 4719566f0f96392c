"""What the official SDK makes of it: its own exceptions, the reason readable, one request only."""

import json
from collections.abc import Callable, Iterator

import anthropic
import httpx2
import pytest

from gateway.dialects.anthropic import cut_event, model_entry, models_page, render
from gateway.dialects.refusal import Refusal
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Reason
from gateway.wire.sse import EventHold

DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}\n\n'
Handler = Callable[[httpx2.Request], httpx2.Response]
Ask = Callable[[Handler], anthropic.Anthropic]


@pytest.fixture
def sdk() -> Iterator[Ask]:
    clients: list[anthropic.Anthropic] = []

    def make(handler: Handler) -> anthropic.Anthropic:
        transport = httpx2.Client(transport=httpx2.MockTransport(handler))
        clients.append(anthropic.Anthropic(api_key="a.b.c", base_url="http://gate.example", http_client=transport))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def answer(refusal: Refusal) -> httpx2.Response:
    response = render(refusal)
    return httpx2.Response(response.status, headers=response.headers, content=response.body)


def message(client: anthropic.Anthropic) -> None:
    client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}])


def stream_of(content: bytes) -> Handler:
    return lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=content)


def read(client: anthropic.Anthropic) -> None:
    for _ in client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}], stream=True):
        pass


@pytest.mark.parametrize("reason", Reason)
def test_the_sdk_raises_its_own_error_at_once(sdk: Ask, reason: Reason) -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return answer(Refusal(reason, "dec_1", "req_1", contact="access@gate.example", retry_after=1))

    with pytest.raises(anthropic.APIStatusError) as caught:
        message(sdk(handler))
    assert len(requests) == 1, "not retried"
    assert caught.value.request_id == "req_1"
    assert caught.value.error_code == reason
    assert caught.value.api_message is not None
    assert "decision dec_1, contact access@gate.example" in caught.value.api_message


@pytest.mark.parametrize(
    ("reason", "legal_basis", "error", "kind"),
    [
        (Reason.MODEL_AMBIGUOUS, "", anthropic.BadRequestError, "invalid_request_error"),
        (Reason.TOKEN_EXPIRED, "", anthropic.AuthenticationError, "authentication_error"),
        (Reason.ORG_NOT_APPROVED, "", anthropic.PermissionDeniedError, "permission_error"),
        (Reason.MODEL_UNKNOWN, "", anthropic.NotFoundError, "not_found_error"),
        (Reason.LIMIT_EXCEEDED, "", anthropic.RateLimitError, "rate_limit_error"),
        (Reason.POLICY_STALE, "", anthropic.InternalServerError, "api_error"),
        (Reason.DIRECTIVE, "15 CFR 744", anthropic.APIStatusError, "permission_error"),
    ],
)
def test_the_sdks_own_classes(sdk: Ask, reason: Reason, legal_basis: str, error: type[anthropic.APIStatusError], kind: str) -> None:
    with pytest.raises(error) as caught:
        message(sdk(lambda _: answer(Refusal(reason, "dec_1", "req_1", model="m", legal_basis=legal_basis))))
    assert caught.value.type == kind


def test_a_cut_stream_raises_with_the_reason(sdk: Ask) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        read(sdk(stream_of(DELTA * 2 + cut_event(Refusal(Reason.GRANT_EXPIRED, "dec_1", "req_1")))))
    assert caught.value.type == "permission_error"
    assert caught.value.error_code == "grant_expired"
    assert caught.value.api_message is not None
    assert "dec_1" in caught.value.api_message


def test_a_stream_cut_within_an_endless_event_still_raises_the_reason(sdk: Ask) -> None:
    hold = EventHold(limit=50)
    sent = hold.feed(DELTA + DELTA[:-20])
    assert not hold.at_boundary
    content = sent + hold.break_prefix() + cut_event(Refusal(Reason.GRANT_EXPIRED, "dec_1", "req_1"))
    with pytest.raises(anthropic.APIStatusError, match="grant_expired"):
        read(sdk(stream_of(content)))


def test_the_list_of_models(sdk: Ask) -> None:
    models = (Model("claude-opus", "up", created=1_760_000_000), Model("other", "up", created=10**15))
    client = sdk(lambda _: httpx2.Response(200, headers={"content-type": "application/json"}, content=models_page(models)))
    found = [(model.id, model.display_name, model.created_at.isoformat()) for model in client.models.list()]
    assert found == [
        ("claude-opus", "claude-opus", "2025-10-09T08:53:20+00:00"),
        ("other", "other", "9999-12-31T23:59:59+00:00"),
    ]


def test_an_empty_list_is_one_page() -> None:
    assert json.loads(models_page(())) == {"data": [], "has_more": False, "first_id": None, "last_id": None}


def test_one_model(sdk: Ask) -> None:
    client = sdk(
        lambda _: httpx2.Response(200, headers={"content-type": "application/json"}, content=model_entry(Model("claude-opus", "up")))
    )
    assert client.models.retrieve("claude-opus").id == "claude-opus"
