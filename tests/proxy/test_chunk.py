"""A read that is one whole chunk passes as it came; whatever else a read is, the parser reads, and both see one and the same body."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.wires import Heard, hear

from gateway.proxy.chunk import size_of_chunk

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def framed(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


@pytest.mark.parametrize("content", [b"a", b"data: x\n\n", b"\r\n", b"x" * 70_000])
def test_one_whole_chunk(content: bytes) -> None:
    assert size_of_chunk(framed(content)) == len(content)
    assert size_of_chunk(framed(content).upper()) == len(content), "hexadecimal of either case"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"0\r\n\r\n", id="the last one"),
        pytest.param(b"3;x=y\r\nabc\r\n", id="an extension"),
        pytest.param(b"3\r\nabc", id="its end is missing"),
        pytest.param(b"3\r\nab\r\n", id="less than its size"),
        pytest.param(b"3\r\nabcd\r\n", id="more than its size"),
        pytest.param(b"1\r\na\r\n1\r\nb\r\n", id="two"),
        pytest.param(b"+3\r\nabc\r\n", id="a sign"),
        pytest.param(b"0x3\r\nabc\r\n", id="a prefix"),
        pytest.param(b"1_0\r\n0123456789abcdef\r\n", id="an underscore"),
        pytest.param(b" 3\r\nabc\r\n", id="a space"),
        pytest.param(b"3\nabc\n", id="bare line feeds"),
        pytest.param(b"0000000000003\r\nabc\r\n", id="a size beyond all need"),
        pytest.param(b"\r\n", id="no size"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_everything_else_is_the_parsers(data: bytes) -> None:
    assert size_of_chunk(data) == 0


def test_chunks_pass_as_they_came_once_the_parser_stands_between_two() -> None:
    heard = hear([HEAD + framed(b"first"), framed(b"second"), framed(b"third"), b"0\r\n\r\n"])
    assert heard.passed == [framed(b"second"), framed(b"third")]
    assert (heard.body, heard.complete) == (b"firstsecondthird", True)


@pytest.mark.parametrize("torn", [b"6", b"6\r", b"6\r\n", b"6\r\nse", b"6\r\nsecond"])
def test_after_a_chunk_in_pieces_the_parser_reads_on(torn: bytes) -> None:
    whole = framed(b"second")
    heard = hear([HEAD + framed(b"first") + torn, whole[len(torn) :], framed(b"third"), b"0\r\n\r\n"])
    assert (heard.body, heard.complete) == (b"firstsecondthird", True)
    assert heard.passed == [framed(b"third")]


def test_where_a_line_end_came_in_two_reads_the_parser_reads_one_more() -> None:
    heard = hear([HEAD + framed(b"first") + b"6\r\nsecond\r", b"\n", framed(b"third"), framed(b"fourth"), b"0\r\n\r\n"])
    assert (heard.body, heard.passed, heard.complete) == (b"firstsecondthirdfourth", [framed(b"fourth")], True)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.data())
def test_however_the_bytes_are_cut_the_body_is_the_same(contents: list[bytes], data: st.DataObject) -> None:
    stream = HEAD + b"".join(map(framed, contents)) + b"0\r\n\r\n"
    cuts = sorted(data.draw(st.lists(st.integers(1, len(stream)), max_size=8)))
    edges = [0, *cuts, len(stream)]
    heard: Heard = hear([stream[start:end] for start, end in pairwise(edges) if start < end])
    assert (heard.body, heard.complete, heard.broken) == (b"".join(contents), True, False)


def test_what_is_no_chunk_after_chunks_breaks_the_answer() -> None:
    assert hear([HEAD + framed(b"first"), framed(b"second"), b"zz\r\n"]).broken
