"""The recording upstream forgives everything, and notes what it forgave."""

import pytest

from gateway.probe.lenient import is_chunked, length_of, read_head, unchunked


def test_a_plain_head_has_no_oddity() -> None:
    arrival = read_head(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
    assert (arrival.method, arrival.target, arrival.line) == (b"POST", b"/x", "POST /x")
    assert arrival.header(b"host") == b"a"
    assert arrival.oddities == ()
    assert length_of(arrival.headers) == 3
    assert not is_chunked(arrival.headers)


@pytest.mark.parametrize(
    ("lines", "oddity"),
    [
        (b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "content-length beside transfer-encoding"),
        (b"Content-Length: 3\r\ncontent_length: 4\r\n", "contentlength twice"),
        (b"Host: b\r\n", "host twice"),
        (b"X: y\nZ: z\r\n", "a line end that is no CRLF"),
        (b"X : y\r\n", "a space around a field's name"),
        (b"Transfer-Encoding: xchunked\r\n", "a transfer-encoding that is not plainly chunked"),
        (b"Transfer-Encoding:\r\n chunked\r\n", "a transfer-encoding that is not plainly chunked"),
    ],
)
def test_oddities_are_noted(lines: bytes, oddity: str) -> None:
    assert oddity in read_head(b"POST / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n").oddities


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b"3\r\nabc\r\n0\r\n\r\nGET", (b"abc", 13, ())),
        (b"3;x=y\r\nabc\r\n0\r\n\r\n", (b"abc", 17, ())),
        (b"3\nabc\n0\n\n", (b"abc", 9, ())),
        (b"1\r\na\r\n0\r\nX-Model: m\r\n\r\n", (b"a", 23, ((b"X-Model", b"m"),))),
        (b"+3\r\nabc", (b"+3\r\nabc", 7, ())),
        (b"3\r\nab", None),
        (b"3", None),
        (b"0\r\n", None),
        (b"", None),
    ],
)
def test_chunks_are_read(data: bytes, read: object) -> None:
    assert unchunked(data) == read
