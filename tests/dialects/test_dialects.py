import json

import pytest

from gateway.dialects import SPELLINGS, Dialect, Refusal, cut_event, model_entry, models_page, render
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Reason

MODELS = (Model("gpt-5.6", "up", ("gpt-5.6-2026",), owned_by="lab", created=1_760_000_000), Model("claude-opus", "up"))


def test_every_dialect_has_its_spelling() -> None:
    assert set(SPELLINGS) == set(Dialect)


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_read_in_every_dialect(dialect: Dialect, reason: Reason) -> None:
    refusal = Refusal(reason, "dec_1", "req_1")
    response = render(dialect, refusal, b"application/json")
    assert json.loads(response.body)["error"]["reason"] == reason
    assert "dec_1" in json.loads(response.body)["error"]["message"]
    event = cut_event(dialect, refusal)
    assert event.startswith(b"event: error\ndata: {")
    assert event.endswith(b"}\n\n")
    assert event.count(b"\n") == 3


@pytest.mark.parametrize("dialect", Dialect)
def test_a_list_holds_the_models_by_id_and_nothing_else(dialect: Dialect) -> None:
    page = json.loads(models_page(dialect, MODELS))
    assert [entry["id"] for entry in page["data"]] == ["gpt-5.6", "claude-opus"]
    assert page["data"][0] == json.loads(model_entry(dialect, MODELS[0]))
    assert b"gpt-5.6-2026" not in models_page(dialect, MODELS)
    assert json.loads(models_page(dialect, ()))["data"] == []


def test_problem_details_are_given_to_whom_asks() -> None:
    refusal = Refusal(Reason.HOSTING, "dec", "req")
    kinds = [
        dict(render(Dialect.OPENAI, refusal, accept).headers)[b"content-type"] for accept in (None, b"*/*", b"application/problem+json")
    ]
    assert kinds == [b"application/json", b"application/json", b"application/problem+json"]
