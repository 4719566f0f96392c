"""Bedrock's API as AWS's SDKs read it: the exception by `x-amzn-errortype`, its text by `message`."""

import json

import pytest

from gateway.dialects.bedrock import cut_event, failure_body, model_entry, models_page, render
from gateway.dialects.refusal import Refusal
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Reason
from gateway.wire.sse import is_event_stream


@pytest.mark.parametrize(
    ("reason", "legal_basis", "status", "kind"),
    [
        (Reason.MODEL_AMBIGUOUS, "", 400, b"ValidationException"),
        (Reason.TOKEN_EXPIRED, "", 401, b"UnrecognizedClientException"),
        (Reason.ORG_NOT_APPROVED, "", 403, b"AccessDeniedException"),
        (Reason.MODEL_UNKNOWN, "", 404, b"ResourceNotFoundException"),
        (Reason.LIMIT_EXCEEDED, "", 429, b"ThrottlingException"),
        (Reason.DIRECTIVE, "15 CFR 744", 451, b"AccessDeniedException"),
        (Reason.POLICY_STALE, "", 503, b"ServiceUnavailableException"),
    ],
)
def test_a_refusal_names_its_exception(reason: Reason, legal_basis: str, status: int, kind: bytes) -> None:
    response = render(Refusal(reason, "dec_1", "req_1", legal_basis=legal_basis))
    fields = dict(response.headers)
    assert response.status == status
    assert fields[b"x-amzn-errortype"] == kind
    assert fields[b"x-amzn-requestid"] == b"req_1"
    assert "dec_1" in json.loads(response.body)["message"]


def test_its_own_streams_have_no_events_that_could_say_why() -> None:
    assert not is_event_stream(b"application/vnd.amazon.eventstream")
    assert b"grant_expired" in cut_event(Refusal(Reason.GRANT_EXPIRED, "dec_1", "req_1")), "should there be one after all"


def test_a_failure_is_a_message() -> None:
    assert json.loads(failure_body(502, "upstream_unavailable", "the upstream cannot be reached", "req_1"))["message"].startswith("the up")


def test_the_list_of_models() -> None:
    model = Model("anthropic.claude-opus-v1:0", "up", owned_by="Anthropic")
    summary = json.loads(models_page((model,)))["modelSummaries"][0]
    assert (summary["modelId"], summary["providerName"]) == ("anthropic.claude-opus-v1:0", "Anthropic")
    assert json.loads(model_entry(model))["modelDetails"] == summary
