from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.store.blob_reader import SLAB, BlobReader, Memory
from gateway.store.blobs import Blobs, ProtocolViolationError

strings = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"", b"\r\n", b"$2\r\n{}\r\n", b"{\r\n}", b"x" * 2047, b"y" * 2048, b"z" * (SLAB + 1)]),
)
contents = st.dictionaries(st.one_of(st.binary(max_size=2), strings), strings, max_size=60)


def flat(content: dict[bytes, bytes]) -> list[bytes]:
    return [part for entry in content.items() for part in entry]


def wire(content: dict[bytes, bytes]) -> bytes:
    return b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in flat(content))


def read(content: dict[bytes, bytes], before: Blobs, sizes: list[int]) -> Blobs:
    """Read the reply in pieces of these sizes, the last ones as they come; what follows the reply is left alone."""
    reader, rest, kept = BlobReader(2 * len(content), Memory(before.chunks)), wire(content), b""
    for size in [*sizes, len(rest)]:
        kept, rest = kept + rest[:size], rest[size:]
        kept = kept[reader.read(kept, 0) :]
        assert not reader.left or 0 < reader.missing <= max(len(rest), 1), "it waits for no more than what comes"
    assert (reader.left, kept, reader.refused) == (0, b"", False)
    return reader.blobs()


EMPTY = Blobs([])


@given(st.lists(st.tuples(contents, st.lists(st.integers(1, 3000), max_size=20)), min_size=1, max_size=5))
@example([({b"a": b"1", b"b": b"\r\n" * 40}, []), ({b"a": b"1", b"b": b""}, [9])])
def test_whatever_came_before_and_in_whatever_pieces_the_strings_are_those_sent(
    history: list[tuple[dict[bytes, bytes], list[int]]],
) -> None:
    before = EMPTY
    for content, sizes in history:
        before = read(content, before, sizes)
        assert list(before) == flat(content)
        assert len(before) == 2 * len(content)
        assert [chunk.first for chunk in before.chunks] == [chunk.strings()[0] for chunk in before.chunks]


def many(count: int = 5000) -> dict[bytes, bytes]:
    return {b"org_%05d" % number: b"{}" for number in range(count)}


def edits() -> Iterator[tuple[str, dict[bytes, bytes]]]:
    content = many()
    yield "changed", content | {b"org_02500": b'{"evaluator":true}'}
    yield "removed", {name: value for name, value in content.items() if name != b"org_02500"}
    yield "removed first", {name: value for name, value in content.items() if name != b"org_00000"}
    yield "removed last", {name: value for name, value in content.items() if name != b"org_04999"}
    yield "added last", content | {b"org_x": b"{}"}
    yield "added first", {b"org_x": b"{}"} | content
    yield "moved", {b"org_04000": b"{}"} | content
    yield "two far apart", content | {b"org_01000": b"[]", b"org_04000": b"[]"}


@pytest.mark.parametrize(("what", "content"), list(edits()))
@pytest.mark.parametrize("size", [1000, 50_000, 1_000_000])
def test_what_has_not_changed_is_kept_as_the_same_objects(what: str, content: dict[bytes, bytes], size: int) -> None:
    before = read(many(), EMPTY, [])
    known = {id(chunk) for chunk in before.chunks}
    after = read(content, before, [size] * (len(wire(content)) // size))
    fresh = [chunk for chunk in after.chunks if id(chunk) not in known]
    assert list(after) == flat(content)
    assert len(fresh) <= 6, what
    assert len(after.chunks) > 12


def test_the_same_in_another_order_is_read_again() -> None:
    before = read(many(), EMPTY, [])
    content = dict(sorted(many().items(), key=lambda entry: entry[0][::-1]))
    assert list(read(content, before, [])) == flat(content)


def test_values_with_ends_of_lines_are_recognised_too() -> None:
    content = dict.fromkeys(many(), b'{\r\n  "evaluator": true\r\n}')
    before = read(content, EMPTY, [])
    after = read(content | {b"org_02500": b"{}"}, before, [])
    assert len({id(chunk) for chunk in after.chunks} - {id(chunk) for chunk in before.chunks}) <= 3


def test_something_else_than_a_string_is_left_to_others() -> None:
    reader = BlobReader(4, Memory([]))
    assert reader.read(b"$1\r\na\r\n$1\r\nb\r\n:1\r\n:2\r\n", 0) == 14
    assert (reader.refused, reader.left, list(reader.blobs())) == (True, 2, [b"a", b"b"])


@pytest.mark.parametrize("sent", [b"$1\r\nab\r\n$1\r\nb\r\n", b"$" + b"1" * 70_000])
def test_another_protocol_is_noticed(sent: bytes) -> None:
    with pytest.raises(ProtocolViolationError):
        BlobReader(2, Memory([])).read(sent, 0)


@pytest.mark.parametrize("sent", [b"$-1\r\n", b"$x\r\na\r\n"])
def test_a_length_that_is_none_is_noticed(sent: bytes) -> None:
    with pytest.raises(ValueError, match=r"negative|invalid literal"):
        BlobReader(2, Memory([])).read(sent, 0)


def test_many_edits_leave_no_crumbs() -> None:
    names = list(many())
    before = read(dict.fromkeys(names, b"{}"), EMPTY, [])
    for number in range(200):
        names.insert(number * 4001 % len(names), b"org_x%d" % number)
        before = read(dict.fromkeys(names, b"{}"), before, [])
    assert list(before)[::2] == names
    assert len(before.chunks) < 40
