import pytest
from msgspec import structs

from gateway.store.resp import ServerError
from gateway.store.stored import NOTHING, Stored


def test_nothing_is_nothing() -> None:
    assert not NOTHING.holds_anything()
    assert not Stored(None, [], [], [], {"luna": []}).holds_anything()


@pytest.mark.parametrize(
    "stored",
    [
        structs.replace(NOTHING, revision=b"0"),
        structs.replace(NOTHING, models=[b"luna", b"{}"]),
        structs.replace(NOTHING, directives=ServerError("WRONGTYPE")),
        structs.replace(NOTHING, allowlists={"luna": [b"org", b"{}"]}),
    ],
)
def test_any_key_is_a_policy(stored: Stored) -> None:
    assert stored.holds_anything()
