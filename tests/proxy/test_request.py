"""A request as it arrives: its body is the same in however many pieces it comes, and takes about its own size."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from gateway.proxy.request import LOOSE, MOST_TINY, TINY, Request


def arrived(pieces: list[bytes]) -> Request:
    """A request whose body came in `pieces`, as the listener keeps them."""
    request = Request(0.0)
    for piece in pieces:
        request.size += len(piece)
        request.body.append(piece)
        if len(request.body) >= request.loose:
            request.gather()
    return request


@given(st.binary(min_size=1, max_size=60), st.integers(0, 4 * LOOSE))
def test_the_body_is_its_pieces_in_order(piece: bytes, count: int) -> None:
    pieces = [piece[: index % len(piece) + 1] for index in range(count)]
    assert arrived(pieces).whole_body() == b"".join(pieces)


def test_a_body_in_small_pieces_takes_about_its_own_size() -> None:
    request = arrived([b"%016x" % index for index in range(200_000)])
    held = sum(map(sys.getsizeof, request.body)) + sys.getsizeof(request.body)
    assert not request.problem
    assert held < 1.1 * 3_200_000
    assert len(request.body) < 2 * LOOSE


def test_a_body_in_very_many_tiny_pieces_is_a_problem_and_not_kept() -> None:
    request = arrived([b"x" * (TINY - 1)] * (MOST_TINY + LOOSE))
    assert "tiny" in request.problem
    assert len(request.body) <= LOOSE
    assert not arrived([b"x"] * (MOST_TINY - LOOSE)).problem
    assert not arrived([b"x" * TINY] * (2 * MOST_TINY)).problem
