"""A reader of any case, as those written in Go are (a long s is an s to them, and the Kelvin sign a k), finds nothing in what passes."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.asked import read_both_ways

from gateway.wire.events import models_of
from gateway.wire.names import _ELSEWHERE, _FREE
from gateway.wire.references import OWNERS, STORED
from gateway.wire.refused import Refused
from gateway.wire.resolved import Resolved
from gateway.wire.route import Content, Kind, ModelIn, Route
from gateway.wire.routes import TABLE

JSON = [(b"content-type", b"application/json")]
ROUTES = {
    route.name: route
    for route in TABLE.values()
    if (route.kind, route.content, route.model_in) == (Kind.INFERENCE, Content.JSON, ModelIn.BODY)
}
OWN = {"metadata", "parameters"}
PLAIN = ("model", "background", "agent", "type", "id", "role", "content", "input", "items", "tools", "metadata", "parameters", "name", "x")
LETTERS = {"s": "\u017f", "k": "\u212a"}


def in_other_letters(name: str, which: int) -> str:
    """Spell a name so that only a reader of any case knows it."""
    ways = [(which >> place % 16 * 2) & 3 for place in range(len(name))]
    return "".join((letter, letter.upper(), LETTERS.get(letter, letter), letter)[way] for letter, way in zip(name, ways, strict=True))


names = st.sampled_from([*PLAIN, *STORED.values(), *OWNERS.values(), *_ELSEWHERE])
keys = st.builds(in_other_letters, names, st.integers(0, 1 << 32))
strange = st.builds(in_other_letters, names, st.just(0xAAAAAAAA))  # every s and k another one
leaves = st.sampled_from(["a", "b", "item_reference", "user", "function", "", None, True, False])
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3), max_leaves=8)


def found(value: Any, *, prose: bool = False, top: bool = False) -> list[str]:
    """What such a reader finds in `value` besides the model `a`: other models, stored objects."""
    if isinstance(value, list):
        return [each for inner in value for each in found(inner, prose=prose)]
    if not isinstance(value, dict):
        return []
    fields = {name.casefold(): inner for name, inner in value.items() if inner}
    said = [name for name in fields if name in STORED.values()]
    said += [
        name for name in fields if name in OWNERS.values() and isinstance(fields[name], dict) and "id" in map(str.casefold, fields[name])
    ]
    if not prose:
        said += [name for name, inner in fields.items() if (name == "model" or name in _ELSEWHERE) and inner != "a"]
    if not top and fields.get("type") == "item_reference" and "id" in fields:
        said.append("item_reference")
    for name, inner in fields.items():
        if name not in OWN:
            said += found(inner, prose=(prose or (top and name in _FREE)) and name != "tools")
    return said


@settings(max_examples=1000)
@given(st.sampled_from(sorted(ROUTES)), st.dictionaries(keys, values, max_size=3), st.booleans())
def test_what_passes_says_nothing_else_to_it(name: str, document: dict[str, Any], plain: bool) -> None:
    route: Route = ROUTES[name]
    document |= {"model": "a"}
    body = json.dumps(document, ensure_ascii=plain, separators=(",", ":") if plain else None).encode()
    outcome = read_both_ways(route, b"", JSON, body)
    if isinstance(outcome, Resolved):
        assert outcome.model == "a"
        assert found(document, top=True) == []
        assert not [field for field in document if field.casefold() in route.stateful and document[field]]


@pytest.mark.parametrize("which", range(3))
def test_the_letters_are_other_ones(which: int) -> None:
    assert in_other_letters("ask", which | which << 2 | which << 4) == ("ask", "ASK", "a\u017f\u212a")[which]


def named(value: Any) -> list[str]:
    """What such a reader finds in an event: models by name, and stored objects."""
    if isinstance(value, list):
        return [each for inner in value for each in named(inner)]
    if not isinstance(value, dict):
        return []
    fields = {name.casefold(): inner for name, inner in value.items() if inner}
    own = {"response_id", "session", "conversation"}
    said = [name for name in fields if name in STORED.values() and name not in own]
    said += [f"{inner}" for name, inner in fields.items() if name == "model" or name in _ELSEWHERE]
    return said + [each for name, inner in fields.items() if name not in OWN for each in named(inner)]


@settings(max_examples=1000)
@given(st.dictionaries(keys, values, max_size=3) | st.builds(lambda name: {"session": {name: "b"}}, strange), st.booleans())
def test_events_that_pass_name_to_it_what_was_judged(event: dict[str, Any], plain: bool) -> None:
    outcome = models_of(json.dumps(event, ensure_ascii=plain).encode())
    if not isinstance(outcome, Refused):
        assert set(named(event)) <= set(outcome)
