"""Frames as RFC 6455 spells them."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.websocket import Close, Frame, Opcode, close, close_problem, encode, head_problem, mask, text_problem

KEY = b"\x37\xfa\x21\x3d"


@pytest.mark.parametrize(
    ("frame", "key", "spelled"),
    [
        (Frame(Opcode.TEXT, b"Hello"), None, "810548656c6c6f"),
        (Frame(Opcode.TEXT, b"Hello"), KEY, "818537fa213d7f9f4d5158"),
        (Frame(Opcode.TEXT, b"Hel", final=False), None, "010348656c"),
        (Frame(Opcode.CONTINUATION, b"lo"), None, "80026c6f"),
        (Frame(Opcode.PING, b"Hello"), None, "890548656c6c6f"),
        (Frame(Opcode.PONG, b"Hello"), KEY, "8a8537fa213d7f9f4d5158"),
    ],
)
def test_the_examples_of_the_standard(frame: Frame, key: bytes | None, spelled: str) -> None:
    assert encode(frame, key).hex() == spelled


@pytest.mark.parametrize(
    ("size", "head"), [(0, "8200"), (125, "827d"), (126, "827e007e"), (65535, "827effff"), (65536, "827f0000000000010000")]
)
def test_lengths_are_in_their_shortest_form(size: int, head: str) -> None:
    assert encode(Frame(Opcode.BINARY, bytes(size))) == bytes.fromhex(head) + bytes(size)


@given(st.one_of(st.binary(max_size=2000), st.integers(60_000, 200_000).map(os.urandom)), st.binary(min_size=4, max_size=4))
def test_masking_twice_gives_the_same_again(data: bytes, key: bytes) -> None:
    masked = mask(data, key)
    assert mask(masked, key) == data
    for index in {0, 1, 511, 65_535, 65_536, len(data) - 1}:
        if 0 <= index < len(data):
            assert masked[index] == data[index] ^ key[index % 4]


@given(st.text(max_size=200))
def test_a_close_frame_fits_and_is_text(text: str) -> None:
    frame = close(Close.POLICY, text)
    assert len(frame.payload) <= 125
    assert frame.payload[:2] == (1008).to_bytes(2, "big")
    assert text.startswith(frame.payload[2:].decode("utf-8"))
    assert close_problem(frame.payload) is None


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999])
def test_codes_that_may_be_sent(code: int) -> None:
    assert close_problem(code.to_bytes(2, "big") + b"reason") is None


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_codes_that_no_frame_may_hold(code: int) -> None:
    problem = close_problem(code.to_bytes(2, "big"))
    assert problem is not None
    assert problem.code is Close.PROTOCOL_ERROR


def test_a_close_frame_may_be_empty_but_not_half_a_code() -> None:
    assert close_problem(b"") is None
    assert close_problem(b"\x03") is not None


def test_text_is_utf_8() -> None:
    assert text_problem("grüße 🚪".encode()) is None
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
        problem = text_problem(bad)
        assert problem is not None
        assert problem.code is Close.INVALID_DATA


@pytest.mark.parametrize(
    ("first", "second", "masked", "inside"),
    [
        (0xC1, 0x80, True, False),
        (0xA1, 0x80, True, False),
        (0x91, 0x80, True, False),
        (0x83, 0x80, True, False),
        (0x8B, 0x80, True, False),
        (0x81, 0x00, True, False),
        (0x81, 0x80, False, False),
        (0x09, 0x80, True, False),
        (0x88, 0xFE, True, False),
        (0x80, 0x80, True, False),
        (0x81, 0x80, True, True),
        (0x02, 0x80, True, True),
    ],
    ids=[
        "RSV1",
        "RSV2",
        "RSV3",
        "opcode 3",
        "opcode 11",
        "not masked",
        "masked",
        "fragmented ping",
        "long close",
        "nothing continued",
        "text inside a message",
        "binary inside a message",
    ],
)
def test_heads_that_break_the_rules(first: int, second: int, masked: bool, inside: bool) -> None:
    problem = head_problem(first, second, masked=masked, inside=inside)
    assert problem is not None
    assert problem.code is Close.PROTOCOL_ERROR


@pytest.mark.parametrize(("first", "inside"), [(0x81, False), (0x01, False), (0x80, True), (0x00, True), (0x89, True), (0x88, True)])
def test_heads_that_keep_them(first: int, inside: bool) -> None:
    assert head_problem(first, 0x80, masked=True, inside=inside) is None
    assert head_problem(first, 0x00, masked=False, inside=inside) is None
