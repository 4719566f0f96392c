"""Answers that come whole: what is read of them is what the parser reads, and everything unusual is the parser's."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.wires import Heard, hear

from gateway.proxy.message import response_head
from gateway.proxy.whole import WholeAnswer, read_whole

BODY = b'{"id":"x"}'


def answer(*lines: bytes, status: bytes = b"HTTP/1.1 200 OK", body: bytes = BODY) -> bytes:
    return b"\r\n".join((status, *lines, b"", body))


LENGTH = b"Content-Length: %d" % len(BODY)


def test_a_plain_answer() -> None:
    read = read_whole(answer(b"Date: today", b"Connection: keep-alive", b"X-Request-Id: 7", b"Content-Type: application/json", LENGTH))
    assert read == WholeAnswer(
        200,
        [b"date: today\r\n", b"", b"x-upstream-request-id: 7\r\n", b"content-type: application/json\r\n", b"content-length: 10\r\n"],
        BODY,
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(answer(b"Date: today"), id="no length"),
        pytest.param(answer(LENGTH, LENGTH), id="two lengths"),
        pytest.param(answer(b"Content-Length: 9"), id="more than the length"),
        pytest.param(answer(b"Content-Length: 11"), id="not all of it yet"),
        pytest.param(answer(b"Content-Length: +10"), id="a sign"),
        pytest.param(answer(b"Content-Length: 10", b"Transfer-Encoding: chunked"), id="two framings"),
        pytest.param(answer(LENGTH, b"Connection: close"), id="the last one"),
        pytest.param(answer(LENGTH, b"Connection: x-secret"), id="a field of this hop"),
        pytest.param(answer(LENGTH, b"X-A: b", b" folded"), id="a folded line"),
        pytest.param(answer(LENGTH, b"X A: b"), id="a space in a name"),
        pytest.param(answer(LENGTH, b"X-A : b"), id="a space before the colon"),
        pytest.param(answer(LENGTH, b"no colon"), id="no colon"),
        pytest.param(answer(LENGTH, b": b"), id="no name"),
        pytest.param(answer(LENGTH, b"X-A: b\nX-B: c"), id="a bare line feed"),
        pytest.param(answer(LENGTH, b"X-A: b\rX-B: c"), id="a bare carriage return"),
        pytest.param(answer(LENGTH, b"X-A: \0"), id="a control character"),
        pytest.param(answer(LENGTH, b"Content-Type: text/event-stream"), id="events"),
        pytest.param(answer(LENGTH, status=b"HTTP/1.0 200 OK"), id="an older version"),
        pytest.param(answer(LENGTH, status=b"HTTP/1.1 200"), id="no space after the status"),
        pytest.param(answer(LENGTH, status=b"HTTP/1.1 100 Continue"), id="an interim answer"),
        pytest.param(answer(b"Content-Length: 0", status=b"HTTP/1.1 204 No Content", body=b""), id="an answer without a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="half a head"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_the_unusual_is_left_to_the_parser(data: bytes) -> None:
    assert read_whole(data) is None


def parsed(data: bytes, *, piecemeal: bool) -> Heard:
    """Feed a link with an answer, at once or without its last byte first, so that the parser has to read it."""
    return hear([data[:-1], data[-1:]] if piecemeal else [data])


names = st.sampled_from(
    [b"Date", b"X-Request-Id", b"x-gateway-org", b"Server", b"Set-Cookie", b"Keep-Alive", b"Content-Encoding", b"Upgrade"]
)
texts = st.binary(max_size=6)


@example([b"Date: ! \t"], 3, b"\0\0\0", 200)
@given(
    st.lists(st.tuples(names, texts).map(b": ".join), max_size=4),
    st.integers(0, 12),
    st.binary(max_size=12),
    st.sampled_from([200, 403, 500]),
)
def test_both_readings_agree(lines: list[bytes], length: int, body: bytes, status: int) -> None:
    data = answer(*lines, b"content-length: %d" % length, status=b"HTTP/1.1 %d Said" % status, body=body)
    read = read_whole(data)
    if read is None:
        return
    slow = parsed(data, piecemeal=True)
    if not body:
        return  # one byte less is no whole head
    assert not slow.broken, data
    assert slow.head is not None
    assert (read.status, read.body) == (slow.head.status, slow.body)
    fast_head = b"".join(line for line in read.lines if not line.startswith(b"content-length"))
    assert fast_head == b"".join(slow.head.lines)
    assert b"content-length: %d\r\n" % length in response_head(slow.head, b"", chunked=False, keep=True)


def test_a_link_gives_a_whole_answer_whole() -> None:
    exchange = parsed(answer(LENGTH), piecemeal=False)
    assert exchange.whole == WholeAnswer(200, [b"content-length: 10\r\n"], BODY)
    assert exchange.head is None
