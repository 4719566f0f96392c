"""Events are passed on whole, so that a cut can be told to the client in an event of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.sse import EventHold, is_event_stream

FIRST = b'event: delta\ndata: {"n": 1}\n\n'
SECOND = b'event: delta\ndata: {"n": 2}\n\n'


def test_a_chunk_that_ends_with_an_event_passes_untouched() -> None:
    hold = EventHold()
    assert hold.feed(FIRST) is FIRST
    assert hold.at_boundary
    assert hold.break_prefix() == b""


def test_half_an_event_waits_for_its_rest() -> None:
    hold = EventHold()
    assert hold.feed(FIRST + SECOND[:10]) == FIRST
    assert hold.feed(SECOND[10:20]) == b""
    assert hold.at_boundary
    assert hold.feed(SECOND[20:] + FIRST) == SECOND + FIRST
    assert hold.finish() == b""


def test_a_cut_leaves_no_half_event() -> None:
    hold = EventHold()
    sent = hold.feed(FIRST + b'event: delta\ndata: {"unfinis')
    assert sent + hold.break_prefix() + b"event: error\n\n" == FIRST + b"event: error\n\n"


def test_an_upstream_that_ends_without_a_blank_line_loses_nothing() -> None:
    hold = EventHold()
    assert hold.feed(FIRST + b"data: last") == FIRST
    assert hold.finish() == b"data: last"
    assert hold.finish() == b""


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n", b"\r\r\n"])
def test_every_line_end_of_the_standard_ends_an_event(end: bytes) -> None:
    assert EventHold().feed(b"data: 1" + end) == b"data: 1" + end
    slow = EventHold()
    passed = [slow.feed(b"%c" % byte) for byte in b"data: 1" + end]
    assert b"".join(passed) + slow.finish() == b"data: 1" + end
    assert slow.at_boundary


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"n\\n\\n", b""])
def test_one_line_end_is_none(end: bytes) -> None:
    assert EventHold().feed(b"data: 1" + end) == b""


def test_an_event_over_the_limit_passes_in_pieces() -> None:
    hold = EventHold(limit=100)
    big = b"data: " + b"x" * 300 + b"\n\n"
    pieces = [big[:90], big[90:200], big[200:-1], big[-1:] + FIRST[:5], FIRST[5:]]
    stands = [(hold.feed(piece), hold.at_boundary, hold.break_prefix()) for piece in pieces]
    assert stands == [
        (b"", True, b""),
        (big[:200], False, b"\n"),
        (big[200:-1], False, b"\n"),
        (big[-1:], True, b""),
        (FIRST, True, b""),
    ]


def test_it_says_where_it_stands() -> None:
    hold = EventHold()
    hold.feed(b"data")
    assert repr(hold) == "<EventHold held=4 at_boundary=True>"


line_ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
events = st.builds(
    lambda lines, end: b"".join(line + end for line in [*lines, b""]),
    st.lists(st.sampled_from([b"data: {}", b"event: x", b": ping", b"id: 1", b"data: " + b"y" * 50]), min_size=1, max_size=4),
    line_ends,
)


@given(st.lists(events, max_size=6).map(b"".join), st.data(), st.sampled_from([8, 64, 65536]))
def test_however_the_stream_is_cut_up_nothing_is_lost_added_or_halved(stream: bytes, data: st.DataObject, limit: int) -> None:
    hold = EventHold(limit)
    passed = b""
    rest = stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        passed += hold.feed(rest[:size])
        rest = rest[size:]
        assert stream.startswith(passed)
        assert len(stream) - len(rest) - len(passed) <= limit
        if hold.at_boundary:
            assert not passed or passed.endswith((b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r\n", b"\r\r\n", b"\n\r"))
    assert passed + hold.finish() == stream


def test_one_byte_at_a_time_costs_no_quadratic_copies() -> None:
    hold = EventHold(limit=1 << 20)
    held = sum(len(hold.feed(b"x")) for _ in range(200_000))
    assert held == 0
    assert len(hold.feed(b"\n\n")) == 200_002


@pytest.mark.parametrize("value", [b"text/event-stream", b"Text/Event-Stream; charset=utf-8"])
def test_the_type_of_an_event_stream(value: bytes) -> None:
    assert is_event_stream(value)


@pytest.mark.parametrize("value", [None, b"", b"application/json", b"text/event-streams"])
def test_any_other_type(value: bytes | None) -> None:
    assert not is_event_stream(value)
