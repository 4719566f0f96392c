import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from gateway.policy.vocabulary import Reason
from gateway.wire.depth import MOST_KEYS, MOST_PARTS, explore, holds_id
from gateway.wire.refused import Refused


def look(document: Any, *, prose: bool = False, items: bool = False) -> list[str | None] | Reason:
    found = explore(Raw(json.dumps(document).encode()), prose=prose, items=items)
    return found.reason if isinstance(found, Refused) else found


@given(st.integers(0, 60), st.booleans())
def test_a_model_is_found_at_any_depth(depth: int, lists: bool) -> None:
    document: Any = {"model": "b"}
    for _ in range(depth):
        document = [document] if lists else {"x": document}
    assert look(document) == ["b"]
    assert look(document, prose=True) == [], "a conversation names none"
    assert look({"x": {"tools": [document]}}, prose=True) == ["b"], "but its tools do"


def test_a_model_that_is_no_text_agrees_with_nothing() -> None:
    assert look({"a": {"model": {"id": "b"}}, "c": {"Model-Name": 1}}) == [None, None]
    assert look([{"model": None}, {"model": ""}, {"model": []}]) == []


def test_a_list_of_items_has_no_bare_ids() -> None:
    assert look([{"id": "msg_1"}], prose=True, items=True) is Reason.ROUTE_NOT_ALLOWED
    assert look([{"id": "msg_1"}], prose=True) == []
    assert look([{"id": "msg_1", "role": "user"}, "text"], prose=True, items=True) == []


def test_an_object_holds_an_id_or_not() -> None:
    held = {text: holds_id(Raw(text)) for text in (b'{"id":"x"}', b'{"ID":1}', b'{"id":""}', b'{"a":{"id":"x"}}', b'"id"', b'[{"id":"x"}]')}
    assert held == {
        b'{"id":"x"}': True,
        b'{"ID":1}': True,
        b'{"id":""}': False,
        b'{"a":{"id":"x"}}': False,
        b'"id"': False,
        b'[{"id":"x"}]': False,
    }


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"[" * 90_000 + b"]" * 90_000, id="deep"),
        pytest.param(b"{" + b",".join(b'"%d":1' % number for number in range(MOST_KEYS + 1)) + b"}", id="many keys"),
        pytest.param(b"[" + b",".join([b'{"a":1}'] * MOST_KEYS) + b"]", id="many objects"),
        pytest.param(b"[" + b"1," * MOST_PARTS + b"1]", id="many numbers"),
        pytest.param(b"[" + b"[]," * MOST_PARTS + b"1]", id="many lists"),
    ],
)
def test_what_would_hold_up_others_is_refused_soon(value: bytes) -> None:
    began = time.perf_counter()
    found = explore(Raw(value), prose=False)
    assert isinstance(found, Refused)
    assert found.reason is Reason.MALFORMED_REQUEST
    assert time.perf_counter() - began < 5


@given(
    st.recursive(
        st.none() | st.text(max_size=3) | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner)
    )
)
def test_whatever_is_nested_is_looked_through(document: Any) -> None:
    if isinstance(document, dict | list):
        assert isinstance(look(document), list | Reason)
