"""Frames that break every rule are written, and read all the same."""

import zlib

import pytest

from gateway.probe.frames import BINARY, CLOSE, COMPRESSED, frame, take


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("masked", [True, False])
def test_what_is_written_is_read(size: int, masked: bool) -> None:
    payload = bytes(size)
    written = frame(payload, BINARY, masked=masked)
    assert take(written + b"next") == (BINARY, payload, len(written))
    assert take(written[:-1]) is None or size == 0


def test_what_is_compressed_is_opened() -> None:
    packer = zlib.compressobj(wbits=-15)
    packed = (packer.compress(b"hello") + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    assert take(frame(packed, bits=COMPRESSED)) == (1, b"hello", len(frame(packed)))
    assert take(frame(b"\xff\xff", bits=COMPRESSED)) == (1, b"\xff\xff", 8)


def test_a_length_that_nobody_sends_is_read_as_far_as_it_came() -> None:
    written = frame(b"hello", size=1 << 62)
    assert take(written) == (1, b"hello", len(written))


def test_a_close_frame_is_one() -> None:
    taken = take(frame(b"\x03\xe8", CLOSE, masked=False))
    assert taken == (CLOSE, b"\x03\xe8", 4)
