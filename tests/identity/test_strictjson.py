"""JSON that two readers could read differently is not read at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.strictjson import MAX_BRACKETS, read_object


def test_a_plain_object_is_read() -> None:
    assert read_object(b'{"iss": "a", "n": [1, 2.5, true, null], "\\ud83d\\ude00": "\\u00e9"}') == {
        "iss": "a",
        "n": [1, 2.5, True, None],
        "\N{GRINNING FACE}": "\u00e9",
    }


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b'{"a":1,"a":1}', id="a name twice"),
        pytest.param(b'{"a":1,"\\u0061":2}', id="a name twice, once escaped"),
        pytest.param(b'{"o":{"a":1,"a":2}}', id="a name twice, deep"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', id="byte order mark"),
        pytest.param('{"a":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a":1}'.encode("utf-16-le"), id="UTF-16 without mark"),
        pytest.param('{"a":1}'.encode("utf-32"), id="UTF-32"),
        pytest.param(b'{"a":"\xff"}', id="not UTF-8"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', id="a surrogate as bytes"),
        pytest.param(b'{"a":NaN}', id="NaN"),
        pytest.param(b'{"a":-Infinity}', id="Infinity"),
        pytest.param(b'{"a":1e999}', id="a number out of range"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", id="a number of 5000 digits"),
        pytest.param(b'{"a":"\\ud800"}', id="a lone surrogate"),
        pytest.param(b'{"a":[{"b":"\\udfff"}]}', id="a lone surrogate, deep"),
        pytest.param(b'{"\\ud800":1}', id="a lone surrogate in a name"),
        pytest.param(b'{"a":"x\\u0000"}', id="NUL"),
        pytest.param(b'{"a":"x\x00"}', id="NUL as a byte"),
        pytest.param(b'{"a":1} {}', id="trailing bytes"),
        pytest.param(b'{"a":1,}', id="trailing comma"),
        pytest.param(b"[1]", id="an array"),
        pytest.param(b'"a"', id="a string"),
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"a":' + b"[" * 100_000, id="100,000 brackets"),
        pytest.param(b'{"a":[' + b"[]," * MAX_BRACKETS + b"[]]}", id="more brackets than any token"),
    ],
)
def test_anything_else_is_not(document: bytes) -> None:
    assert read_object(document) is None


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\u0a1eE-+.NaIn \n', max_size=60).map(str.encode))
def test_no_bytes_raise(document: bytes) -> None:
    value = read_object(document)
    assert value is None or value == json.loads(document)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(TEXT, JSON), st.booleans())
def test_what_an_honest_writer_writes_is_read(document: dict[str, object], ascii_only: bool) -> None:
    assert read_object(json.dumps(document, ensure_ascii=ascii_only).encode()) == document
