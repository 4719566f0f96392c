"""What can be the id of a stored object."""

import pytest

from gateway.wire.identifiers import LONGEST_ID, is_id


@pytest.mark.parametrize("value", ["file-abc", "resp_0123", "a", "msgbatch_01AbC", "a" * LONGEST_ID, "v1.2-x_y"])
def test_ids(value: str) -> None:
    assert is_id(value)


@pytest.mark.parametrize(
    "value", ["", "a" * (LONGEST_ID + 1), "a b", "a/b", "a:b", "ä", "a\n", "-a", ".", "..", "a%20", None, 1, True, ["a"], {"id": "a"}]
)
def test_no_ids(value: object) -> None:
    assert not is_id(value)
