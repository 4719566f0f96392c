"""Gemini's API as its SDK reads it: an error by `code` and `status`, in a stream any element that begins with `error`."""

import json

import pytest

from gateway.dialects.gemini import cut_event, failure_body, final_event, model_entry, models_page, render
from gateway.dialects.refusal import Refusal
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Reason
from gateway.wire.arrays import ArrayHold


@pytest.mark.parametrize(
    ("reason", "legal_basis", "status", "named"),
    [
        (Reason.MODEL_AMBIGUOUS, "", 400, "INVALID_ARGUMENT"),
        (Reason.TOKEN_EXPIRED, "", 401, "UNAUTHENTICATED"),
        (Reason.ORG_NOT_APPROVED, "", 403, "PERMISSION_DENIED"),
        (Reason.MODEL_UNKNOWN, "", 404, "NOT_FOUND"),
        (Reason.LIMIT_EXCEEDED, "", 429, "RESOURCE_EXHAUSTED"),
        (Reason.DIRECTIVE, "15 CFR 744", 451, "PERMISSION_DENIED"),
        (Reason.POLICY_STALE, "", 503, "UNAVAILABLE"),
    ],
)
def test_a_refusal_has_its_canonical_status(reason: Reason, legal_basis: str, status: int, named: str) -> None:
    response = render(Refusal(reason, "dec_1", "req_1", legal_basis=legal_basis))
    error = json.loads(response.body)["error"]
    assert response.status == error["code"] == status
    assert error["status"] == named


def test_the_last_event_of_a_stream_is_a_data_line_that_begins_with_the_error() -> None:
    event = cut_event(Refusal(Reason.GRANT_EXPIRED, "dec_1", "req_1"))
    assert event.startswith(b'data: {"error":{"code":403,')
    assert event.endswith(b"}\n\n")
    assert event.count(b"\n") == 2, "no other line: its SDK would read it as JSON"


def test_the_last_element_of_an_array_is_the_same_error() -> None:
    hold = ArrayHold()
    passed = hold.feed(b'[{"candidates": []}\n,\r\n{"candidates": [')
    document = json.loads(passed + hold.last(cut_event(Refusal(Reason.GRANT_EXPIRED, "dec_1", "req_1"))))
    assert document[0] == {"candidates": []}
    assert document[1]["error"]["reason"] == "grant_expired"


@pytest.mark.parametrize(("status", "named"), [(500, "INTERNAL"), (502, "UNAVAILABLE"), (503, "UNAVAILABLE"), (504, "DEADLINE_EXCEEDED")])
def test_a_failure_is_spelled_like_a_refusal(status: int, named: str) -> None:
    body = failure_body(status, "upstream_unavailable", "the upstream cannot be reached", "req_1")
    assert json.loads(body)["error"]["status"] == named
    assert final_event(body) == b"data: " + body + b"\n\n"


def test_models_are_named_as_resources() -> None:
    assert json.loads(models_page((Model("gemini-3", "up"),)))["models"][0]["name"] == "models/gemini-3"
    assert json.loads(model_entry(Model("gemini-3", "up")))["displayName"] == "gemini-3"
