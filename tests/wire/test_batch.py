"""A batch outlives the permission: gated models are refused in it, each line is judged as the request that it becomes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.vocabulary import Reason
from gateway.wire import batch
from gateway.wire.batch import Batch, in_slices, message_requests, read_batch_file, read_message_batch, read_requests
from gateway.wire.refused import Refused


def gated(name: str) -> bool:
    return name.startswith("frontier")


def line(model: str = "open-1", url: str = "/v1/chat/completions", **more: Any) -> bytes:
    return json.dumps({"custom_id": "1", "method": "POST", "url": url, "body": {"model": model, "messages": [], **more}}).encode()


def read(*lines: bytes) -> Batch | Refused:
    return read_batch_file(b"\n".join(lines), gated)


def test_a_file_of_open_models_names_them_each_once() -> None:
    assert read(line(), line("open-2", "/v1/embeddings"), line()) == Batch(("open-1", "open-2"), 3)
    assert read(line(), b"") == Batch(("open-1",), 1), "a line end at the end"
    assert read(line(url="/chat/completions")) == Batch(("open-1",), 1), "as Azure writes it"


def test_a_gated_model_is_refused_with_its_line() -> None:
    outcome = read(line(), line(), line("frontier-1"))
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.ROUTE_NOT_ALLOWED
    assert outcome.detail.startswith("line 3: ")
    assert "frontier" not in outcome.detail


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(b"", Reason.MALFORMED_REQUEST, id="empty line"),
        pytest.param(b"[]", Reason.MALFORMED_REQUEST, id="list"),
        pytest.param(b"{}", Reason.ROUTE_NOT_ALLOWED, id="no route"),
        pytest.param(line() + line(), Reason.MALFORMED_REQUEST, id="two on a line"),
        pytest.param(line() + b"\r" + line("frontier-1"), Reason.MALFORMED_REQUEST, id="two parted by a carriage return"),
        pytest.param(b"\xef\xbb\xbf" + line(), Reason.MALFORMED_REQUEST, id="byte order mark"),
        pytest.param(line().replace(b'"body"', b'"Body"'), Reason.MALFORMED_REQUEST, id="a body by another name"),
        pytest.param(line()[:-1] + b',"body":{"model":"frontier-1"}}', Reason.MALFORMED_REQUEST, id="two bodies"),
        pytest.param(line().replace(b'"model"', b'"model":"frontier-1","model"'), Reason.MODEL_AMBIGUOUS, id="two models"),
        pytest.param(line(engine="frontier-1"), Reason.MODEL_AMBIGUOUS, id="an engine"),
        pytest.param(line(tools=[{"type": "x", "model": "frontier-1"}]), Reason.MODEL_AMBIGUOUS, id="a tool's model"),
        pytest.param(line(previous_response_id="resp_1"), Reason.ROUTE_NOT_ALLOWED, id="a reference"),
        pytest.param(line(url="/v1/responses", background=True), Reason.ROUTE_NOT_ALLOWED, id="background"),
        pytest.param(line(url="/v1/files"), Reason.ROUTE_NOT_ALLOWED, id="a stateful route"),
        pytest.param(line(url="/v1/audio/transcriptions"), Reason.ROUTE_NOT_ALLOWED, id="a form"),
        pytest.param(line(url="/generate"), Reason.ROUTE_NOT_ALLOWED, id="a route without a model"),
        pytest.param(line(url="/openai/deployments/open-1/chat/completions"), Reason.ROUTE_NOT_ALLOWED, id="a model in the path"),
        pytest.param(line(url="/v1/chat/completions?model=frontier-1"), Reason.ROUTE_NOT_ALLOWED, id="a query"),
        pytest.param(line(url="https://elsewhere.example/v1/chat/completions"), Reason.ROUTE_NOT_ALLOWED, id="another host"),
        pytest.param(line().replace(b'"POST"', b'"GET"'), Reason.ROUTE_NOT_ALLOWED, id="another method"),
        pytest.param(line().replace(b'"model": "open-1"', b'"x": 1'), Reason.MODEL_UNRESOLVED, id="no model"),
    ],
)
def test_a_line_that_is_no_plain_request_is_refused_with_its_number(bad: bytes, reason: Reason) -> None:
    outcome = read(line(), bad, line())
    assert isinstance(outcome, Refused)
    assert outcome.reason is reason
    assert outcome.detail.startswith("line 2: ")


@pytest.mark.parametrize("separator", ["\u0085", "\u2028", "\u2029"])
def test_a_line_that_some_readers_part_in_two_is_refused(separator: str) -> None:
    hidden = f"x{separator}" + line("frontier-1").decode() + separator
    tricky = json.dumps({"custom_id": hidden, "method": "POST", "url": "/v1/embeddings", "body": {"model": "a"}}, ensure_ascii=False)
    assert isinstance(read(tricky.encode()), Refused)
    assert isinstance(read(json.dumps(json.loads(tricky)).encode()), Batch), "as escapes"


def test_an_endless_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_LINES", 3)
    assert isinstance(read(*[line()] * 3), Batch)
    assert isinstance(read(*[line()] * 4), Refused)


def test_a_batch_of_messages_is_judged_request_by_request() -> None:
    def requests(*models: str) -> bytes:
        return json.dumps({"requests": [{"custom_id": "1", "params": {"model": model, "messages": []}} for model in models]}).encode()

    assert read_message_batch(requests("open-1", "open-2"), gated) == Batch(("open-1", "open-2"), 2)
    outcome = read_message_batch(requests("open-1", "frontier-1"), gated)
    assert isinstance(outcome, Refused)
    assert outcome.detail.startswith("request 2: ")
    for body in (b"", b"[]", b'{"requests":{}}', b'{"requests":[],"model":"x"}', b'{"requests":[1]}', b'{"requests":[{"custom_id":"1"}]}'):
        assert isinstance(read_message_batch(body, gated), Refused)


@given(
    st.lists(st.sampled_from([line(), line("frontier-1"), b"\n", b"\r\n", b" ", b"{", b"\x0b", b"\x1e", b"\x0c", b'"']), max_size=6).map(
        b"".join
    )
)
def test_no_reader_of_lines_finds_a_gated_model_in_what_is_accepted(content: bytes) -> None:
    if isinstance(read_batch_file(content, gated), Refused):
        return
    text = content.decode()
    for lines in (text.split("\n"), text.splitlines(), [each.decode() for each in content.splitlines()]):
        for each in filter(None, lines):
            assert not gated(json.loads(each)["body"]["model"])


@given(st.binary(max_size=80))
def test_it_never_raises(content: bytes) -> None:
    assert isinstance(read_batch_file(content, gated), Batch | Refused)
    assert isinstance(read_message_batch(content, gated), Batch | Refused)


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 1500])
def test_in_slices_is_as_in_one(count: int) -> None:
    file = b"\n".join(line("m" if number % 3 else "n") for number in range(count))
    request = b'{"custom_id":"x","params":{"model":"m","messages":[]}}'
    requests = message_requests(b'{"requests":[%b]}' % b",".join([request] * count))
    assert not isinstance(requests, Refused)
    for content, whole in ((file, read_batch_file(file, gated)), (requests, read_requests(requests, gated))):
        parts = list(in_slices(content, gated))
        if isinstance(whole, Refused):
            assert parts == [whole]
            continue
        assert sum(part.requests for part in parts if isinstance(part, Batch)) == whole.requests
        assert {model for part in parts if isinstance(part, Batch) for model in part.models} == set(whole.models)


@pytest.mark.parametrize("bad", [1, 200, 201, 700, 1000])
def test_a_slice_counts_from_the_start_of_the_whole(bad: int) -> None:
    file = b"\n".join(line("frontier-1" if number == bad else "m") for number in range(1, 1001))
    *_, last = in_slices(file, gated)
    assert isinstance(last, Refused)
    assert last.detail.startswith(f"line {bad}:")
