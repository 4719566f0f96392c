import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.document import LATEST, ProblemError, read_object, read_time, write_time


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "not JSON"),
        (b"yes", "not JSON"),
        (b"1", "not a JSON object"),
        (b'["a"]', "not a JSON object"),
        (b'{"a":1}{}', "not JSON"),
        (b'{"a":1,}', "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"until":1,"until":2}', "the same key twice"),
        (b'{"\\u0075ntil":1,"until":2}', "the same key twice"),
        (b'{"a":{"b":1,"b":1}}', "the same key twice"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b'{"a":-Infinity}', "-Infinity is not JSON"),
        (b'{"a":1e999}', "out of range"),
        (b'{"a":"\\ud800"}', "UTF-8"),
        (b'{"a":"\xff"}', "UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ('{"a":1}'.encode("utf-16"), "UTF-8"),
        (b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "too deep"),
        (b'{"a":' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a":"' + b"x" * 70_000 + b'"}', "longer than"),
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(raw: bytes, problem: str) -> None:
    with pytest.raises(ProblemError, match=problem):
        read_object(raw)


def test_an_object_is_read() -> None:
    assert read_object(b' {"a": [1, "\\u00e9"], "b": {}}\n') == {"a": [1, "é"], "b": {}}


@given(st.binary())
def test_any_bytes_are_an_object_or_a_problem(raw: bytes) -> None:
    try:
        document: object = read_object(raw)
    except ProblemError as problem:
        document = {"problem": str(problem)}
    assert isinstance(document, dict)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("2026-12-08T09:00:00Z", 1796720400.0),
        ("2026-12-08t09:00:00z", 1796720400.0),
        ("2026-12-08 10:00:00+01:00", 1796720400.0),
        ("2026-12-08T09:00:00.5-00:00", 1796720400.5),
    ],
)
def test_instants_are_rfc_3339(text: str, seconds: float) -> None:
    assert read_time(text, "until") == seconds


@pytest.mark.parametrize(
    "value",
    [
        *("", "tomorrow", "2026-12-08", "2026-12-08T09:00:00", "2026-12-08T09:00Z", "2026-02-30T00:00:00Z", "20261208T090000Z"),
        *("2026-12-08T09:00:61Z", "2026-12-08T25:00:00Z", "٢٠٢٦-12-08T09:00:00Z", "1969-12-31T23:59:59Z", "2026-12-08T09:00:00+99:00"),
        *(-1, -1.0, 1796720400000, LATEST + 1, math.inf, math.nan),
    ],
)
def test_no_other_instant_is_guessed(value: str | float) -> None:
    with pytest.raises(ProblemError, match="until: not"):
        read_time(value, "until")


@given(st.integers(0, int(LATEST)) | st.floats(0, LATEST))
def test_a_written_instant_reads_the_same(seconds: float) -> None:
    assert read_time(write_time(seconds), "from") == seconds
