"""Claim paths are JSON Pointers, RFC 6901."""

import pytest

from gateway.identity.pointer import compile_pointer, lookup

DOCUMENT = {"org": {"id": "acme"}, "groups": ["a", {"b": "c"}], "https://example.org/org": "url", "m~n": 8, "": "empty", "1": "one"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/org/id", "acme"),
        ("/groups/0", "a"),
        ("/groups/1/b", "c"),
        ("/https:~1~1example.org~1org", "url"),
        ("/m~0n", 8),
        ("/", "empty"),
        ("/1", "one"),
        ("/groups/2", None),
        ("/groups/-", None),
        ("/groups/-1", None),
        ("/groups/00", None),
        ("/groups/\N{SUPERSCRIPT ONE}", None),
        ("/groups/99999999999999999999", None),
        ("/org/id/deeper", None),
        ("/org/nothing/deeper", None),
    ],
)
def test_a_path_leads_to_its_value_or_nowhere(path: str, value: object) -> None:
    assert lookup(DOCUMENT, compile_pointer(path)) == value


@pytest.mark.parametrize("path", ["org_id", "/a~2b", "/a~", ""])
def test_a_path_that_is_no_pointer_says_what_is_right(path: str) -> None:
    with pytest.raises(ValueError, match=r"Write: /|written ~0"):
        compile_pointer(path)
