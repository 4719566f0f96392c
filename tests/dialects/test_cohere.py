"""Cohere's API as its SDK reads it: the status tells the exception, a stream ends with `message-end`."""

import json

import pytest

from gateway.dialects.cohere import cut_event, failure_body, final_event, models_page, render
from gateway.dialects.refusal import Refusal
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Reason


@pytest.mark.parametrize(
    ("reason", "status"),
    [(Reason.MODEL_AMBIGUOUS, 400), (Reason.ORG_NOT_APPROVED, 403), (Reason.MODEL_UNKNOWN, 404), (Reason.POLICY_STALE, 503)],
)
def test_a_refusal_is_a_message_with_an_id(reason: Reason, status: int) -> None:
    response = render(Refusal(reason, "dec_1", "req_1"))
    document = json.loads(response.body)
    assert response.status == status
    assert document["id"] == "req_1"
    assert document["reason"] == reason


def test_a_cut_stream_ends_with_an_error_not_with_a_completion() -> None:
    lines = cut_event(Refusal(Reason.GRANT_EXPIRED, "dec_1", "req_1")).decode().split("\n")
    assert lines[0] == "event: message-end"
    data = json.loads(lines[1].removeprefix("data: "))
    assert data["type"] == "message-end"
    assert data["delta"]["finish_reason"] == "ERROR"
    assert "grant_expired" in data["delta"]["error"]


def test_a_failure_ends_a_stream_in_the_same_way() -> None:
    body = failure_body(503, "gateway_draining", "try again", "req_1")
    assert json.loads(body) == {"id": "req_1", "message": "try again", "reason": "gateway_draining"}
    assert b'"finish_reason":"ERROR"' in final_event(body)


def test_the_list_of_models() -> None:
    assert [entry["name"] for entry in json.loads(models_page((Model("command-a", "up"),)))["models"]] == ["command-a"]
