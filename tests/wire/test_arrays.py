"""A streamed array, however it is cut into chunks: what was passed on and an error element are one JSON array."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.arrays import ArrayHold
from gateway.wire.route import Route
from gateway.wire.routes import find
from gateway.wire.sse import EventHold
from gateway.wire.streams import hold_for

EVENT = b'data: {"error":{"code":403}}\n\n'
ERROR = {"error": {"code": 403}}
values = st.recursive(
    st.sampled_from(["", "]", "[{", '"', '\\"', "\\", "é", None, 1, True]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "]", '"', "{"]), inner, max_size=2),
    max_leaves=6,
)
elements = st.lists(st.dictionaries(st.sampled_from(["text", "}", "\\"]), values, max_size=3), max_size=4)


def chunks_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


@given(elements, st.sampled_from([None, 1]), st.lists(st.integers(0, 400), max_size=8))
def test_a_cut_after_any_chunk_leaves_an_array_that_ends_with_the_error(document: list[Any], indent: int | None, cuts: list[int]) -> None:
    data = json.dumps(document, indent=indent).encode()
    hold, passed = ArrayHold(), b""
    for chunk in chunks_of(data, cuts):
        passed += hold.feed(chunk)
        assert data.startswith(passed)
        last = hold.last(EVENT)
        if last:
            read = json.loads(passed + last)
            assert read[-1] == ERROR
            assert read[:-1] == document[: len(read) - 1]
        else:
            assert json.loads(passed) == document, "there is nothing to add to a whole array"
    assert passed + hold.finish() == data
    assert hold.at_boundary


def test_an_element_is_held_until_it_is_whole() -> None:
    hold = ArrayHold()
    assert hold.feed(b'[{"a": "') == b"["
    assert hold.feed(b'}]"') == b""
    assert hold.feed(b'}\n,\r\n{"b"') == b'{"a": "}]"}'
    assert hold.last(EVENT) == b',\n{"error":{"code":403}}]'
    assert repr(hold) == "<ArrayHold held=8 at_boundary=True>"


def test_an_escape_across_chunks_hides_its_quote() -> None:
    hold = ArrayHold()
    assert hold.feed(b'[{"a":"x\\') == b"["
    assert hold.feed(b"") == b""
    assert hold.feed(b'"}"}') == b'{"a":"x\\"}"}'


def test_a_long_element_is_passed_on_in_pieces_and_cannot_be_cut_with_a_reason() -> None:
    hold = ArrayHold(limit=10)
    assert hold.feed(b'[{"a":"') == b"["
    assert hold.feed(b"x" * 20) == b'{"a":"' + b"x" * 20
    assert not hold.at_boundary
    assert hold.last(EVENT) == b""
    assert hold.feed(b"y") == b"y"
    assert hold.feed(b'"},{"b"') == b'"}'
    assert hold.last(EVENT) == b',\n{"error":{"code":403}}]'


def test_nothing_was_sent_yet() -> None:
    assert json.loads(ArrayHold().last(EVENT)) == [ERROR]


@pytest.mark.parametrize("data", [b'{"error":{}}', b'{"a":[', b"[]", b'[{"a":1}]\n'])
def test_what_is_no_array_or_is_over_has_no_last_element(data: bytes) -> None:
    hold = ArrayHold()
    hold.feed(data)
    assert hold.last(EVENT) == b""


@given(st.lists(st.binary(max_size=30), max_size=5), st.integers(0, 40))
def test_no_byte_is_lost_or_added(chunks: list[bytes], limit: int) -> None:
    hold = ArrayHold(limit)
    passed = b"".join(hold.feed(chunk) for chunk in chunks) + hold.finish()
    assert passed == b"".join(chunks)


def route_of(path: str) -> Route | None:
    return find(b"POST", path)


def test_which_answers_can_be_ended_with_a_reason() -> None:
    stream, whole = route_of("/v1beta/models/a:streamGenerateContent"), route_of("/v1beta/models/a:generateContent")
    assert isinstance(hold_for(stream, b"application/json; charset=UTF-8"), ArrayHold)
    assert isinstance(hold_for(stream, b"text/event-stream"), EventHold)
    assert hold_for(whole, b"application/json") is None
    assert hold_for(route_of("/v1/chat/completions"), b"application/json") is None
    assert hold_for(route_of("/model/a/converse-stream"), b"application/vnd.amazon.eventstream") is None
    assert hold_for(stream, None) is hold_for(None, b"application/json") is None
    assert EventHold().last(EVENT) == EVENT
