import pytest

from gateway.wire.media import content_problem

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


@pytest.mark.parametrize("value", JSON_TYPES)
def test_json_in_utf8_can_be_judged(value: bytes) -> None:
    assert content_problem([(b"content-type", value)]) is None


@pytest.mark.parametrize("value", OTHER_TYPES)
def test_a_body_that_the_upstream_would_read_otherwise_cannot(value: bytes) -> None:
    problem = content_problem([(b"content-type", value)])
    assert problem is not None
    assert "send application/json" in problem


def test_no_type_at_all_is_judged_by_route() -> None:
    assert content_problem([(b"accept", b"text/plain")]) is None


@pytest.mark.parametrize("value", [b"gzip", b"br", b"GZIP", b"x-unknown", b"identity, gzip"])
def test_an_encoded_body_is_not_read(value: bytes) -> None:
    problem = content_problem([(b"content-encoding", value)])
    assert problem is not None
    assert "send the body as it is" in problem


def test_identity_is_no_encoding() -> None:
    assert content_problem([(b"content-encoding", b"Identity"), (b"content-type", b"application/json")]) is None
