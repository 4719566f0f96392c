"""Compressed bodies: what is opened is what every reader opens, within bounds."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.encoding import LARGEST, RATIO, SMALL, opened

BODY = b'{"model":"gpt-5.6","messages":[{"role":"user","content":"hi"}]}'


def raw_deflate(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(text) + packer.flush()


def both_ways(evil: bytes) -> bytes:
    """Make a body that begins as zlib does, and read as raw deflate is one stored block that begins with `evil`.

    78 01: a zlib header; for raw deflate 78 begins a stored block, whose length is then the next two bytes, and its complement.
    """
    length = 0x0001 | (0x80 << 8)
    return b"\x78\x01\x80" + (length ^ 0xFFFF).to_bytes(2, "little") + evil.ljust(length, b" ")


@given(st.binary(max_size=300))
def test_what_was_packed_is_given(text: bytes) -> None:
    assert opened(b"gzip", gzip.compress(text)) == text
    assert opened(b"deflate", zlib.compress(text)) == text
    assert opened(b"identity", text) is text
    assert opened(b"", text) is text


@pytest.mark.parametrize(
    ("coding", "body", "problem"),
    [
        pytest.param(b"gzip", BODY, "not what it says", id="not compressed"),
        pytest.param(b"gzip", zlib.compress(BODY), "not what it says", id="deflate called gzip"),
        pytest.param(b"deflate", gzip.compress(BODY), "not what it says", id="gzip called deflate"),
        pytest.param(b"deflate", raw_deflate(BODY), "", id="raw deflate"),
        pytest.param(b"deflate", both_ways(BODY), "two ways", id="deflate and raw deflate"),
        pytest.param(b"gzip", gzip.compress(BODY) + gzip.compress(BODY), "follows", id="two members"),
        pytest.param(b"gzip", gzip.compress(BODY) + b"\0", "follows", id="padding"),
        pytest.param(b"gzip", gzip.compress(BODY) + BODY, "follows", id="plain text after the member"),
        pytest.param(b"gzip", gzip.compress(BODY)[:-1], "does not end", id="truncated"),
        pytest.param(b"gzip", gzip.compress(BODY)[:-8] + bytes(8), "not what it says", id="wrong checksum"),
        pytest.param(b"gzip", b"", "does not end", id="empty"),
        pytest.param(b"br", BODY, "only gzip and deflate", id="another coding"),
        pytest.param(b"x-gzip", gzip.compress(BODY), "only gzip and deflate", id="another name"),
        pytest.param(b"gzip, gzip", gzip.compress(gzip.compress(BODY)), "only gzip and deflate", id="twice"),
    ],
)
def test_what_readers_could_open_otherwise_is_refused(coding: bytes, body: bytes, problem: str) -> None:
    said = opened(coding, body)
    assert isinstance(said, str)
    assert problem in said


def test_a_bomb_stops_at_the_bound() -> None:
    assert isinstance(opened(b"gzip", gzip.compress(bytes(LARGEST + 1))), str)
    assert isinstance(opened(b"gzip", gzip.compress(bytes(SMALL + 1))), str), f"a ratio over {RATIO}"
    assert opened(b"gzip", gzip.compress(bytes(SMALL))) == bytes(SMALL)


@given(st.binary(max_size=60), st.sampled_from([b"gzip", b"deflate", b"GZIP", b"zstd"]))
def test_it_never_raises(body: bytes, coding: bytes) -> None:
    assert isinstance(opened(coding, body), bytes | str)
