import gzip

import pytest

from gateway.wire.media import read_json, read_multipart

JSON_TYPES = [b"application/json", b"Application/JSON; charset=UTF-8", b'application/json;charset="utf-8"', b"application/vnd.a+json"]
OTHER_TYPES = [
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=x",
    b"text/plain",
    b"text/json",
    b"application/jsonl",
    b"application/json; charset=utf-16",
    b"application/json, text/plain",
    b"json",
    b"",
]
BODY = b'{"model":"a"}'


@pytest.mark.parametrize("value", JSON_TYPES)
def test_json_in_utf8_can_be_judged(value: bytes) -> None:
    assert read_json([(b"content-type", value)], BODY) is BODY


@pytest.mark.parametrize("value", OTHER_TYPES)
def test_a_body_that_the_upstream_would_read_otherwise_cannot(value: bytes) -> None:
    problem = read_json([(b"content-type", value)], BODY)
    assert isinstance(problem, str)
    assert "send application/json" in problem


def test_no_type_at_all_is_judged_by_route() -> None:
    assert read_json([(b"accept", b"text/plain")], BODY) is BODY
    assert isinstance(read_multipart([(b"accept", b"text/plain")], b"--x--"), str)


@pytest.mark.parametrize("value", [b"br", b"zstd", b"x-gzip", b"x-unknown", b"identity, gzip", b"gzip, gzip"])
def test_an_encoding_that_is_not_read_is_refused(value: bytes) -> None:
    problem = read_json([(b"content-encoding", value)], BODY)
    assert isinstance(problem, str)
    assert "send the body as it is" in problem


def test_an_encoded_body_is_opened() -> None:
    encoded = [(b"content-encoding", b"GZIP"), (b"content-type", b"application/json")]
    assert read_json(encoded, gzip.compress(BODY)) == BODY
    assert isinstance(read_json(encoded, BODY), str)
    form = [(b"content-type", b"multipart/form-data; boundary=x"), (b"content-encoding", b"gzip")]
    assert read_multipart(form, gzip.compress(b"--x--")) == (b"x", b"--x--")
    assert isinstance(read_multipart(form, b"--x--"), str)


def test_identity_is_no_encoding() -> None:
    assert read_json([(b"content-encoding", b"Identity"), (b"content-type", b"application/json")], BODY) is BODY


@pytest.mark.parametrize("value", [b"application/json", b"multipart/form-data", b"multipart/mixed; boundary=x"])
def test_a_form_says_that_it_is_one(value: bytes) -> None:
    assert isinstance(read_multipart([(b"content-type", value)], b"--x--"), str)
