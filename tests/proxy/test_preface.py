"""The PROXY header is read to its last byte and no further, however the bytes arrive."""

import asyncio
import itertools
import socket
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.proxy.preface import receive_preface
from gateway.wire.proxy_protocol import SIGNATURE, Preface

V1 = b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\n"
VECTOR = b"\x05\x00\x03abc"  # PP2_TYPE_UNIQUE_ID
V2 = SIGNATURE + b"\x21\x11" + struct.pack("!H4s4sHH", 12 + len(VECTOR), bytes((192, 0, 2, 7)), bytes((192, 0, 2, 1)), 40000, 443) + VECTOR
HEADERS = (V1, b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n", b"PROXY UNKNOWN\r\n", V2, SIGNATURE + b"\x20\x00\x00\x00")


async def receive(pieces: list[bytes], version: str = "any", *, ends: bool = False) -> tuple[Preface | str | None, bytes]:
    """Send pieces one after the other, each after the one before was taken in; give what was read, and what was left unread."""
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)  # noqa: FBT003 - the socket's own signature
        reading = asyncio.create_task(receive_preface(asyncio.get_running_loop(), near, version))
        for piece in pieces:
            far.sendall(piece)
            for _ in range(3):
                await asyncio.sleep(0)
        if ends:
            far.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(5):
            said = await reading
        try:
            return said, near.recv(65536)
        except BlockingIOError:
            return said, b""


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(HEADERS), st.binary(max_size=40), st.lists(st.integers(1, 60), max_size=6))
def test_what_follows_is_left_whole(header: bytes, rest: bytes, cuts: list[int]) -> None:
    whole, places = header + rest, sorted({0, *cuts, len(header + rest)})
    pieces = [whole[start:end] for start, end in itertools.pairwise(places) if whole[start:end]]

    async def play() -> None:
        said, unread = await receive(pieces)
        assert isinstance(said, Preface)
        assert said.size == len(header)
        assert rest.startswith(unread)
        assert unread or not rest or len(pieces) > 1

    asyncio.run(play())


async def test_a_line_end_that_comes_in_two_is_one() -> None:
    said, unread = await receive([V1[:-1], b"\n", b"\x16\x03\x01"])
    assert (said, unread) == (Preface(len(V1), "2001:db8::7", 40000), b"\x16\x03\x01")


@pytest.mark.parametrize("header", [V1, V2])
async def test_a_connection_that_ends_within_its_header_is_told_from_one_that_never_began(header: bytes) -> None:
    assert await receive([], ends=True) == (None, b"")
    for size in (1, 11, 12, 13, len(header) - 1):
        said, _ = await receive([header[:size]], ends=True)
        assert said == "the connection ended within its header"


@pytest.mark.parametrize(("version", "header"), [("v1", V2), ("v2", V1), ("any", b"GET / HTTP/1.1\r\n")])
async def test_another_version_is_no_header(version: str, header: bytes) -> None:
    said, _ = await receive([header], version)
    assert isinstance(said, str)
    assert version in said


async def test_a_header_that_never_ends_is_not_read_for_ever() -> None:
    said, _ = await receive([b"PROXY TCP4 " + b"1" * 200])
    assert isinstance(said, str)
    said, _ = await receive([SIGNATURE + b"\x21\x11\xff\xff"])
    assert isinstance(said, str)
