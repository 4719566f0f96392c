import pytest

from gateway.wire.routes import find
from gateway.wire.tree import PathTree

CHAT, EMBED = find(b"POST", "/v1/chat/completions"), find(b"POST", "/v1/embeddings")


def test_a_plain_segment_is_preferred_to_a_slot_and_a_verb_to_both_ends_of_it() -> None:
    assert CHAT is not None
    assert EMBED is not None
    tree = PathTree()
    tree.add(b"GET", "/x/{id}", CHAT)
    tree.add(b"GET", "/x/fixed", EMBED)
    tree.add(b"GET", "/x/{id}:run", EMBED)
    tree.add(b"GET", "/y/{rest...}", CHAT)
    expected = {
        "/x/1": CHAT,
        "/x/fixed": EMBED,
        "/x/1:run": EMBED,
        "/x/:run": CHAT,
        "/x/1:walk": CHAT,
        "/y/a/b": CHAT,
        "/y": None,
        "/y/a/": None,
        "/x/": None,
    }
    assert {path: tree.find(b"GET", path) for path in expected} == expected


@pytest.mark.parametrize("shape", ["/x", "/x/{id}", "/x/{rest...}"])
def test_one_shape_has_one_line(shape: str) -> None:
    assert CHAT is not None
    tree = PathTree()
    tree.add(b"GET", shape, CHAT)
    tree.add(b"POST", shape, CHAT)
    with pytest.raises(ValueError, match="twice"):
        tree.add(b"GET", shape, CHAT)
