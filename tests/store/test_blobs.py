from hypothesis import given
from hypothesis import strategies as st

from gateway.store.blobs import Blobs, agreeing, pack


@given(st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([b"\r\n", b"$0\r\n\r\n", b"x" * 3000])), min_size=1))
def test_what_was_packed_is_given_back(strings: list[bytes]) -> None:
    chunk = pack(strings)
    assert chunk.strings() == list(Blobs([chunk])) == strings
    assert (chunk.size, chunk.first) == (len(strings), strings[0])


def test_headers_that_lie_are_seen() -> None:
    assert agreeing([b"$1", b"$2", b"$1"], [b"a", b"b", b"c"]) == 1
    assert agreeing([b"$1", b"$01"], [b"a", b"b"]) == 1


def test_a_list_made_elsewhere_is_packed_alike() -> None:
    chunk = pack([b"a", b"{\r\n}"])
    assert chunk.data == b"$1\r\na\r\n$4\r\n{\r\n}\r\n"
    assert (chunk.size, chunk.first, chunk.strings()) == (2, b"a", [b"a", b"{\r\n}"])
    assert repr(Blobs([chunk])) == "Blobs(2 in 1 chunks)"
