"""A request as it arrives: its body is the same in however many pieces it comes, and takes about its own size."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from gateway.proxy.request import LOOSE, Request


def arrived(pieces: list[bytes]) -> Request:
    """A request whose body came in `pieces`, as the listener keeps them."""
    request = Request(0.0)
    for piece in pieces:
        request.body.append(piece)
        if len(request.body) >= request.loose:
            request.gather()
    return request


@given(st.binary(min_size=1, max_size=60), st.integers(0, 4 * LOOSE))
def test_the_body_is_its_pieces_in_order(piece: bytes, count: int) -> None:
    pieces = [piece[: index % len(piece) + 1] for index in range(count)]
    assert arrived(pieces).whole_body() == b"".join(pieces)


def test_a_body_in_tiny_pieces_takes_about_its_own_size() -> None:
    request = arrived([b"%x" % (256 + index % 256) for index in range(1_000_000)])
    held = sum(map(sys.getsizeof, request.body)) + sys.getsizeof(request.body)
    assert held < 1.1 * 3_000_000
    assert len(request.body) < 2 * LOOSE
