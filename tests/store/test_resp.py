import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.blobs import Blobs, ProtocolViolationError
from gateway.store.resp import Parser, Push, Reply, ServerError, encode

EVERYTHING = (
    b"+OK\r\n"
    b":-7\r\n"
    b"_\r\n"
    b"#t\r\n"
    b",1.5\r\n"
    b"$5\r\na\r\nbc\r\n"
    b"=7\r\ntxt:abc\r\n"
    b"*0\r\n"
    b"%1\r\n$1\r\nk\r\n*2\r\n:1\r\n~1\r\n:2\r\n"
    b"*2\r\n*1\r\n*1\r\n:9\r\n$0\r\n\r\n"
)
MEANT: list[Reply] = [b"OK", -7, None, True, 1.5, b"a\r\nbc", b"abc", [], [b"k", [1, [2]]], [[[9]], b""]]


def test_every_kind_of_reply() -> None:
    assert Parser().feed(EVERYTHING) == MEANT


@given(st.lists(st.integers(1, 9)))
def test_it_does_not_matter_in_which_pieces_they_arrive(sizes: list[int]) -> None:
    parser, replies, rest = Parser(), list[Reply](), EVERYTHING
    for size in sizes:
        replies += parser.feed(rest[:size])
        rest = rest[size:]
    assert replies + parser.feed(rest) == MEANT


def test_long_ones_are_kept_as_sent_and_recognised() -> None:
    parser, wire = Parser(), b"*2\r\n$1\r\n7\r\n%1000\r\n" + b"".join(b"$8\r\norg_%04d\r\n$2\r\n{}\r\n" % number for number in range(1000))
    ((revision, first),) = parser.feed(wire)
    ((_, second),) = [reply for start in range(0, len(wire), 700) for reply in parser.feed(wire[start : start + 700])]
    assert isinstance(first, Blobs)
    assert (revision, len(first), list(first)[-2:]) == (b"7", 2000, [b"org_0999", b"{}"])
    assert all(one is other for one, other in zip(first.chunks, second.chunks, strict=True))
    assert parser.feed(b"+OK\r\n") == [b"OK"]


def test_long_ones_of_other_things_are_lists() -> None:
    strings = b"$1\r\na\r\n" * 1022
    (reply,) = Parser().feed(b"*1025\r\n" + strings + b":1\r\n*1\r\n:2\r\n$1\r\nz\r\n")
    assert reply == [b"a"] * 1022 + [1, [2], b"z"]
    assert Parser().feed(b"*1\r\n*1024\r\n" + b":1\r\n" * 1024) == [[[1] * 1024]]


def test_errors_are_values_with_a_code() -> None:
    short, long = Parser().feed(b"-WRONGTYPE no hash\r\n!9\r\nOOM later\r\n")
    assert isinstance(short, ServerError)
    assert isinstance(long, ServerError)
    assert (short.code, long.code) == ("WRONGTYPE", "OOM")


def test_pushes_are_told_from_replies() -> None:
    push, reply, flush = Parser().feed(b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n*1\r\n:1\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n")
    assert isinstance(push, Push)
    assert push == [b"invalidate", [b"a"]]
    assert not isinstance(reply, Push)
    assert flush == [b"invalidate", None]


@pytest.mark.parametrize("wire", [b"HTTP/1.1 400 Bad Request\r\n", b"$-5\r\n", b"$?\r\n", b":x\r\n", b"*-2\r\n", b"x" * 70_000])
def test_another_protocol_is_noticed(wire: bytes) -> None:
    with pytest.raises(ProtocolViolationError):
        Parser().feed(wire)


def test_commands_are_counted_in_bytes() -> None:
    assert encode(("SET", "é", 5, b"\r\n")) == b"*4\r\n$3\r\nSET\r\n$2\r\n\xc3\xa9\r\n$1\r\n5\r\n$2\r\n\r\n\r\n"
