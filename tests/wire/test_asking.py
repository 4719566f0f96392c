"""A request that works on stored objects, read whole and strictly."""

import json
from typing import Any

import pytest

from gateway.policy.vocabulary import Reason
from gateway.wire.asking import Asked, query_problem, read_asked, read_referring
from gateway.wire.refused import Refused
from gateway.wire.routes import find
from gateway.wire.uses import find_use

JSON = [(b"content-type", b"application/json")]
FORM = [(b"content-type", b"multipart/form-data; boundary=x")]
LINE = b'{"custom_id":"1","method":"POST","url":"/v1/chat/completions","body":{"model":"m","messages":[]}}'


def ask(method: str, path: str, body: Any = None, *, query: bytes = b"", headers: Any = None) -> Asked | Refused:
    use, route = find_use(method.encode(), path), find(method.encode(), path)
    assert use is not None
    assert route is not None
    text = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    return read_asked(use, route, path, query, JSON if headers is None else headers, text)


def asked(*arguments: Any, **more: Any) -> Asked:
    found = ask(*arguments, **more)
    assert isinstance(found, Asked), found
    return found


def reason_of(*arguments: Any, **more: Any) -> Reason:
    found = ask(*arguments, **more)
    assert isinstance(found, Refused), found
    return found.reason


def form(*parts: tuple[str, bytes]) -> bytes:
    """Write a form of parts, each a disposition's end and a content."""
    return (
        b"".join(b"--x\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (name.encode(), value) for name, value in parts)
        + b"--x--\r\n"
    )


PURPOSE, FILE = 'name="purpose"', 'name="file"; filename="a"'


def test_the_ids_of_path_and_body_are_one_list() -> None:
    found = asked("POST", "/v1/threads/thread-1/runs", {"assistant_id": "asst-1", "additional_messages": [{"file_ids": ["file-1"]}]})
    assert found.ids == ("thread-1", "asst-1", "file-1")
    assert found.filled == ("thread-1",)
    assert found.lasting
    assert found.model == ""


def test_a_model_where_one_may_be_named() -> None:
    assert asked("POST", "/v1/threads/thread-1/runs", {"assistant_id": "asst-1", "model": "m"}).model == "m"
    assert asked("POST", "/v1/assistants", {"model": "m"}).model == "m"
    assert reason_of("POST", "/v1/assistants", {}) is Reason.MODEL_UNRESOLVED
    assert reason_of("POST", "/v1/assistants/asst-1", {"model": "m"}) is Reason.ROUTE_NOT_ALLOWED
    assert reason_of("POST", "/v1/assistants", b'{"model":"a","model":"b"}') is Reason.MODEL_AMBIGUOUS


@pytest.mark.parametrize("body", [b"{", b"\xef\xbb\xbf{}", b'{"a":1}x', b'{"mod\\u0065l":"m"}', b"[]", b'{"name":NaN}'])
def test_what_can_be_read_in_two_ways_is_refused(body: bytes) -> None:
    assert isinstance(ask("POST", "/v1/vector_stores", body), Refused)


def test_a_body_where_none_is_read_is_refused() -> None:
    assert reason_of("GET", "/v1/files/file-1", {}) is Reason.MALFORMED_REQUEST
    assert asked("POST", "/v1/batches/batch-1/cancel").ids == ("batch-1",)


def test_an_id_that_can_be_none_is_no_objects() -> None:
    assert reason_of("GET", "/v1/files/file:1") is Reason.OBJECT_UNKNOWN


@pytest.mark.parametrize("query", [b"", b"limit=20&order=asc", b"include[]=file_search_call.results", b"stream=true&starting_after=12"])
def test_parameters_that_name_nothing_pass(query: bytes) -> None:
    assert query_problem(query) is None


@pytest.mark.parametrize(
    "query", [b"after=x", b"limit=1&before=x", b"limit=1;after=x", b"starting_after=resp-1", b"id=x", b"api_key=x", b"&", b"LIMIT=1"]
)
def test_all_others_are_refused(query: bytes) -> None:
    assert query_problem(query) is not None


def test_a_batchs_file_is_found_in_its_form() -> None:
    assert asked("POST", "/v1/files", form((PURPOSE, b"batch"), (FILE, LINE)), headers=FORM).batch == LINE
    assert asked("POST", "/v1/files", form((FILE, LINE), (PURPOSE, b"user_data")), headers=FORM).batch is None
    assert asked("POST", "/v1/files", form((FILE, LINE)), headers=FORM).batch is None


@pytest.mark.parametrize(
    "parts",
    [
        [(PURPOSE, b"Batch"), (FILE, LINE)],
        [(PURPOSE, b" batch"), (FILE, LINE)],
        [(PURPOSE, b"user_data"), ('name="Purpose"', b"batch"), (FILE, LINE)],
        [(PURPOSE, b"user_data"), (PURPOSE, b"batch"), (FILE, LINE)],
        [('name="purpose[]"', b"batch"), (FILE, LINE)],
        [('name="purpose"; filename="b"', b"batch")],
        [(PURPOSE, b"batch"), (FILE, LINE), (FILE, LINE)],
        [(PURPOSE, b"batch")],
        [(PURPOSE, b"batch"), ('name="file"', LINE)],
        [(PURPOSE, b"batch"), ('name="other"; filename="a"', LINE)],
        [(PURPOSE, b"batch"), ('name="other"; filename="a"', LINE), ('name="file"', b"{}")],
        [(PURPOSE, b"batch"), (FILE, LINE), ('name="file[]"', b"{}")],
        [(PURPOSE, b"batch"), ('name="File"', b"{}"), (FILE, LINE)],
        [(PURPOSE, b"user_data"), ('name="file_id"', b"file-1")],
        [(PURPOSE, b"user_data"), ('name="model"', b"m")],
    ],
)
def test_a_form_whose_purpose_is_not_plain_is_refused(parts: list[tuple[str, bytes]]) -> None:
    assert isinstance(ask("POST", "/v1/files", form(*parts), headers=FORM), Refused)


def test_no_batch_comes_in_parts() -> None:
    upload = {"filename": "a", "bytes": 1, "mime_type": "text/plain"}
    assert asked("POST", "/v1/uploads", {**upload, "purpose": "user_data"}).ids == ()
    for purpose in ({"purpose": "batch"}, {"Purpose": "batch"}, {"purpose": ["batch"]}, {"purpose": "user_data", "PURPOSE": "batch"}):
        assert reason_of("POST", "/v1/uploads", {**upload, **purpose}) is Reason.ROUTE_NOT_ALLOWED
    assert asked("POST", "/v1/uploads/upload-1/complete", {"part_ids": ["part-1", "part-2"]}).ids == ("upload-1", "part-1", "part-2")


def test_requests_in_a_batch_of_messages_are_still_to_be_read() -> None:
    def batch(*models: str) -> dict[str, Any]:
        return {"requests": [{"custom_id": "x", "params": {"model": model, "messages": []}} for model in models]}

    found = asked("POST", "/v1/messages/batches", batch("a", "b"))
    assert isinstance(found.batch, list)
    assert len(found.batch) == 2
    assert reason_of("POST", "/v1/messages/batches", {"requests": [], "model": "m"}) is Reason.MALFORMED_REQUEST


def test_either_reading_by_its_type() -> None:
    assert asked("POST", "/v1/videos", {"model": "m", "prompt": "?"}).model == "m"
    assert asked("POST", "/v1/videos", form(('name="model"', b"m")), headers=FORM).model == "m"
    assert asked("POST", "/v1/containers/cntr-1/files", {"file_id": "file-1"}).ids == ("cntr-1", "file-1")


@pytest.mark.parametrize(
    ("store", "kept"), [({}, True), ({"store": False}, False), ({"store": True}, True), ({"store": 0}, True), ({"Store": False}, True)]
)
def test_a_response_is_kept_unless_it_says_otherwise(store: dict[str, Any], kept: bool) -> None:
    route = find(b"POST", "/v1/responses")
    assert route is not None
    found = read_referring(route, "/v1/responses", b"", JSON, json.dumps({"model": "m", "input": "?", **store}).encode())
    assert isinstance(found, Asked)
    assert found.kept is kept


def test_a_form_refers_to_nothing() -> None:
    route = find(b"POST", "/v1/audio/transcriptions")
    assert route is not None
    assert isinstance(read_referring(route, "/v1/audio/transcriptions", b"", FORM, form(('name="file_id"', b"file-1"))), Refused)
