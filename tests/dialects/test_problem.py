import json

import pytest

from gateway.dialects.problem import is_wanted, render
from gateway.dialects.refusal import Refusal
from gateway.policy.vocabulary import Reason


def test_problem_details() -> None:
    refusal = Refusal(Reason.DIRECTIVE, "dec", "req", legal_basis="15 CFR 744", authority="BIS", blocked_by="https://gate.example/")
    response = render(refusal)
    assert response.status == 451
    assert dict(response.headers)[b"content-type"] == b"application/problem+json"
    body = json.loads(response.body)
    assert body.pop("detail").startswith("A directive restricts this model.")
    assert body == {
        "type": "about:blank",
        "title": "Unavailable For Legal Reasons",
        "status": 451,
        "request_id": "req",
        "reason": "directive",
        "decision_id": "dec",
        "authority": "BIS",
        "legal_basis": "15 CFR 744",
    }


@pytest.mark.parametrize(
    "accept",
    [
        b"application/problem+json",
        b"Application/Problem+JSON",
        b"text/html, application/problem+json;q=0.1",
        b"a/b,application/problem+json;v=1",
    ],
)
def test_wanted(accept: bytes) -> None:
    assert is_wanted(accept)


@pytest.mark.parametrize(
    "accept",
    [
        None,
        b"",
        b"*/*",
        b"application/json",
        b"application/problem+json;q=0",
        b"application/problem+json; q=0.000",
        b"application/problem+jsonx",
    ],
)
def test_not_wanted(accept: bytes | None) -> None:
    assert not is_wanted(accept)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_spelled(reason: Reason) -> None:
    response = render(Refusal(reason, "dec", "req"))
    assert json.loads(response.body)["status"] == response.status
