import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.dialects import SPELLINGS, Dialect, Refusal, cut_event, model_entry, models_page, render
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Reason

MODELS = (Model("gpt-5.6", "up", ("gpt-5.6-2026",), owned_by="lab", created=1_760_000_000), Model("claude-opus", "up"))
AT_TOP = {Dialect.BEDROCK, Dialect.COHERE}


def error_of(dialect: Dialect, body: bytes) -> dict[str, Any]:
    """The object that says why, wherever this dialect has it."""
    document: dict[str, Any] = json.loads(body)
    found: dict[str, Any] = document if dialect in AT_TOP else document["error"]
    return found


def test_every_dialect_has_its_spelling() -> None:
    assert set(SPELLINGS) == set(Dialect)


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_read_in_every_dialect(dialect: Dialect, reason: Reason) -> None:
    refusal = Refusal(reason, "dec_1", "req_1", contact="access@gate.example")
    response = render(dialect, refusal, b"application/json")
    error = error_of(dialect, response.body)
    assert error["reason"] == reason
    assert "dec_1" in error["message"]
    assert "access@gate.example" in error["message"]
    fields = dict(response.headers)
    assert fields[b"x-should-retry"] == b"false"
    assert fields[b"cache-control"] == b"no-store"


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("reason", Reason)
def test_a_cut_stream_ends_with_one_event_that_says_why(dialect: Dialect, reason: Reason) -> None:
    *names, data = cut_event(dialect, Refusal(reason, "dec_1", "req_1")).decode().removesuffix("\n\n").split("\n")
    assert names in ([], ["event: error"], ["event: message-end"])
    assert data.startswith("data: {")
    error = error_of(dialect, data.removeprefix("data: ").encode())
    assert error["reason"] == reason
    assert "dec_1" in error["message"]


LISTS: dict[Dialect, tuple[str, Callable[[dict[str, Any]], str]]] = {
    Dialect.OPENAI: ("data", lambda entry: str(entry["id"])),
    Dialect.ANTHROPIC: ("data", lambda entry: str(entry["id"])),
    Dialect.AZURE: ("data", lambda entry: str(entry["id"])),
    Dialect.GEMINI: ("models", lambda entry: str(entry["name"]).removeprefix("models/")),
    Dialect.BEDROCK: ("modelSummaries", lambda entry: str(entry["modelId"])),
    Dialect.COHERE: ("models", lambda entry: str(entry["name"])),
}


@pytest.mark.parametrize("dialect", Dialect)
def test_a_list_holds_the_models_by_id_and_nothing_else(dialect: Dialect) -> None:
    key, name_of = LISTS[dialect]
    page = json.loads(models_page(dialect, MODELS))
    assert [name_of(entry) for entry in page[key]] == ["gpt-5.6", "claude-opus"]
    entry = json.loads(model_entry(dialect, MODELS[0]))
    assert page[key][0] == entry.get("modelDetails", entry)
    assert b"gpt-5.6-2026" not in models_page(dialect, MODELS)
    assert json.loads(models_page(dialect, ()))[key] == []


def test_problem_details_are_given_to_whom_asks() -> None:
    refusal = Refusal(Reason.HOSTING, "dec", "req")
    kinds = [
        dict(render(Dialect.OPENAI, refusal, accept).headers)[b"content-type"] for accept in (None, b"*/*", b"application/problem+json")
    ]
    assert kinds == [b"application/json", b"application/json", b"application/problem+json"]
