"""One strict parse: what Python's json, told to be strict, reads from the same bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.body import MOST_KEYS, Members, read_items, read_object, read_text


def reference(body: bytes) -> list[tuple[str, Any]] | None:
    """Top-level pairs of the object, None for anything that is no strict JSON object in UTF-8."""

    def refuse(text: str) -> None:
        raise ValueError(text)

    def integer(_text: str) -> int:
        return 0

    try:
        text = body.decode("utf-8")
        pairs = json.loads(text, object_pairs_hook=lambda pairs: ("object", pairs), parse_constant=refuse, parse_int=integer)
        json.dumps(pairs, ensure_ascii=False).encode("utf-8")  # a lone surrogate fails here
    except (ValueError, RecursionError):
        return None
    if text.startswith("\ufeff") or not isinstance(pairs, tuple):
        return None
    found: list[tuple[str, Any]] = pairs[1]
    return found


def agree(body: bytes) -> None:
    members, expected = read_object(body), reference(body)
    if isinstance(members, str):
        assert expected is None, (body, members)
        return
    assert expected is not None, body
    assert list(members.names) == [name for name, _ in expected], body
    assert len(members.values) == len(members.names)


PIECES = [
    *("{", "}", "[", "]", ":", ",", '"', "\\", "\\u0065", "\\ud83d", "\\ude00", "\\u00", "\\x", "\\n", "\\/"),
    *(
        '"model"',
        '"mod\\u0065l"',
        '"Model"',
        '{"model":"a"}',
        '"a"',
        "null",
        "true",
        "false",
        "NaN",
        "Infinity",
        "-",
        "-0",
        "01",
        "1.",
        "1e5",
    ),
    *("1", ".5", "+1", "1e", " ", "\n", "\t", "\x0b", "\0", "\x7f", "\u00a0", "é", "\U0001f600", "\ufeff", "'", "/*", "//", "nul"),
]
nearly_json = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(nearly_json.map(lambda text: text.encode()))
def test_nearly_json(body: bytes) -> None:
    agree(body)


@given(nearly_json.map(lambda text: ('{"model":"a","x":' + text + "}").encode()))
def test_nearly_json_within(body: bytes) -> None:
    agree(body)


@given(st.binary(max_size=30).map(lambda inside: b'{"model":"' + inside + b'"}'))
def test_any_bytes_in_a_string(body: bytes) -> None:
    agree(body)


@given(st.dictionaries(st.text(max_size=8), values, max_size=5), st.booleans(), st.sampled_from([None, 2]))
def test_whatever_json_writes_is_read(document: dict[str, Any], ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return
    agree(body)


@given(st.dictionaries(st.text(max_size=4), values, max_size=4), st.data())
def test_one_changed_byte(document: dict[str, Any], data: st.DataObject) -> None:
    body = bytearray(json.dumps(document).encode())
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    agree(bytes(body))


@given(st.lists(st.sampled_from(["model", "mod\\u0065l", "Model", "x"]), max_size=6))
def test_no_key_is_lost(names: list[str]) -> None:
    members = read_object(("{" + ",".join(f'"{name}":{place}' for place, name in enumerate(names)) + "}").encode())
    assert isinstance(members, Members)
    assert members.names == tuple(json.loads(f'"{name}"') for name in names)
    assert [bytes(value) for value in members.values] == [str(place).encode() for place in range(len(names))]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ('{"model":"a"}'.encode("utf-16"), "not"),
        ('{"model":"a"}'.encode("utf-16-le"), "not well-formed"),
        ('{"model":"a"}'.encode("utf-32-be"), "not well-formed"),
        (b'{"model":"\xff"}', "not UTF-8"),
        (b'{"model":"\xc0\xaf"}', "not UTF-8"),
        (b'{"model":"\xed\xa0\x80"}', "not UTF-8"),
        (b"[]", "not a JSON object"),
        (b'"model"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"[" * 100_000 + b"]" * 100_000, "not a JSON object"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"", "not well-formed"),
        (b'{"model":"a"', "not well-formed"),
        (b'{"model":"\\ud800"}', "not well-formed"),
    ],
)
def test_a_problem_is_told(body: bytes, problem: str) -> None:
    said = read_object(body)
    assert isinstance(said, str)
    assert problem in said


def test_items_of_a_list_are_given_unread() -> None:
    assert [bytes(item) for item in read_items(b'[1, {"a":[2]}, "x"]')] == [b"1", b'{"a":[2]}', b'"x"']


def test_only_a_string_is_text() -> None:
    members = read_object(b'{"a":"t\\u00e9","b":1,"c":null,"d":["x"]}')
    assert isinstance(members, Members)
    assert [read_text(value) for value in members.values] == ["té", None, None, None]


def test_keys_without_end_are_not_read() -> None:
    def body(count: int) -> bytes:
        return b'{"model":"m"' + b"".join(b',"k%d":1' % number for number in range(count - 1)) + b"}"

    assert isinstance(read_object(body(MOST_KEYS)), Members)
    assert read_object(body(MOST_KEYS + 1)) == f"the body has more than {MOST_KEYS} keys"
    assert isinstance(read_object(body(MOST_KEYS)), Members)
