"""Whoever is slow is given up at its deadline, which no trickle moves; on a loop that the test turns, so to the second."""

from collections.abc import Iterator

import pytest
from support.play import OK, Play

from gateway.audit.metrics import Metrics
from gateway.proxy.deadlines import PERIOD
from gateway.proxy.listener import LINGER, PACE
from gateway.settings.shape import Limits

LIMITS = Limits(header_timeout=10.0, body_timeout=60.0, idle_timeout=75.0, write_timeout=30.0, connections=50)
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer stranger\r\n"
BODY = b'{"model":"open"}'
ONE = HEAD + b"content-length: 16\r\n\r\n" + BODY
NOTHING = b"GET /nothing HTTP/1.1\r\nhost: gate\r\n\r\n"


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    found = Metrics()
    yield found
    found.close()


@pytest.fixture
def play(metrics: Metrics) -> Play:
    return Play(metrics, limits=LIMITS)


def said(play: Play) -> bytes:
    return bytes(play.transport.written)


def gone(play: Play) -> bool:
    return play.transport.lost


def trickle(play: Play, data: bytes, every: float) -> float:
    """Send a byte every so many seconds until the gate ends it; give how long that took."""
    began = play.turns.time()
    for place in range(len(data)):
        play.transport.arrive(data[place : place + 1])
        play.turns.pass_time(every)
        if play.transport.ended or play.transport.lost:
            return play.turns.time() - began
    raise AssertionError("it waits for ever")


def test_who_says_nothing_is_closed_like_a_slow_head(play: Play) -> None:
    play.turns.pass_time(LIMITS.header_timeout - 1)
    assert not gone(play)
    play.turns.pass_time(1 + PERIOD)
    assert gone(play)
    assert said(play) == b""


def test_a_slow_head_is_told_and_closed_at_its_deadline(play: Play) -> None:
    took = trickle(play, HEAD * 10, 0.5)
    assert LIMITS.header_timeout <= took <= LIMITS.header_timeout + PERIOD + 0.5
    assert said(play).startswith(b"HTTP/1.1 408 ")
    play.turns.pass_time(LINGER + PERIOD)
    assert gone(play)


def test_blank_lines_are_no_head(play: Play) -> None:
    began = play.turns.time()
    while not play.transport.lost:
        play.transport.arrive(b"\r\n")
        play.turns.pass_time(1.0)
        assert play.turns.time() - began <= LIMITS.header_timeout + 2 * PERIOD


def test_a_slow_body_is_closed_at_its_deadline_and_a_few_bytes_move_it_little(play: Play) -> None:
    play.transport.arrive(HEAD + b"content-length: 1000\r\n\r\n")
    took = trickle(play, b"x" * 1000, 0.5)
    assert LIMITS.body_timeout <= took <= LIMITS.body_timeout + 1000 / PACE + PERIOD + 0.5
    assert said(play).startswith(b"HTTP/1.1 408 ")
    assert play.requests == []


def test_a_body_in_chunks_must_keep_the_same_pace(play: Play) -> None:
    play.transport.arrive(HEAD + b"transfer-encoding: chunked\r\n\r\n")
    took = trickle(play, b"1\r\nx\r\n" * 1000, 0.1)
    assert LIMITS.body_timeout <= took <= LIMITS.body_timeout + PERIOD + 0.2


def test_a_body_that_keeps_the_pace_is_waited_for(play: Play) -> None:
    size = PACE * 100
    play.transport.arrive(HEAD + b"content-length: %d\r\n\r\n" % size)
    body = BODY[:-1] + b" " * (size - len(BODY)) + b"}"
    for place in range(0, size, PACE):
        play.turns.pass_time(1.0)
        play.transport.arrive(body[place : place + PACE])
    assert len(play.requests) == 1
    assert play.requests[0].endswith(body)


def test_an_idle_connection_is_closed_without_a_word(play: Play) -> None:
    play.transport.arrive(ONE)
    answered = said(play)
    assert answered.endswith(OK[-2:])
    play.turns.pass_time(LIMITS.idle_timeout - 1)
    assert not gone(play)
    play.turns.pass_time(1 + PERIOD)
    assert gone(play)
    assert said(play) == answered


def test_a_second_request_has_the_same_time_for_its_head(play: Play) -> None:
    play.transport.arrive(ONE)
    took = trickle(play, HEAD * 10, 0.5)
    assert took <= LIMITS.header_timeout + PERIOD + 0.5


def test_who_does_not_read_is_broken_off_and_served_no_more_meanwhile(play: Play) -> None:
    play.transport.stuck = True
    while not play.caller.writing_paused:
        play.transport.arrive(NOTHING)
    held = len(play.transport.written)
    for _ in range(100):
        play.transport.arrive(NOTHING)
    assert len(play.transport.written) == held
    play.turns.pass_time(LIMITS.write_timeout + 2 * PERIOD)
    assert gone(play)


def test_who_reads_again_in_time_is_served_on(play: Play) -> None:
    play.transport.stuck = True
    while not play.caller.writing_paused:
        play.transport.arrive(NOTHING)
    play.transport.arrive(ONE)
    assert play.requests == []
    play.transport.stuck = False
    play.caller.resume_writing()
    play.turns.run()
    assert len(play.requests) == 1
    play.turns.pass_time(LIMITS.idle_timeout + PERIOD)
    assert gone(play)


def test_who_never_takes_the_last_answer_is_broken_off(play: Play) -> None:
    play.transport.stuck = True
    play.transport.arrive(NOTHING.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
    assert play.transport.is_closing()
    assert not gone(play)
    play.turns.pass_time(LIMITS.write_timeout + PERIOD)
    assert gone(play)


def test_a_flood_of_connections_is_closed_unserved_and_who_is_inside_is_served(play: Play, metrics: Metrics) -> None:
    crowd = [play.connect() for _ in range(200)]
    play.turns.run()
    inside = [transport for _, transport in crowd if not transport.lost]
    assert len(inside) == LIMITS.connections - 1
    assert metrics.refused_connections.labels("too_many").value == 200 - len(inside)
    play.transport.arrive(ONE)
    assert said(play).startswith(b"HTTP/1.1 200 ")
    play.turns.pass_time(LIMITS.header_timeout + PERIOD)
    assert [transport.lost for transport in inside] == [True] * len(inside)
    assert [len(transport.written) for _, transport in crowd] == [0] * 200, "nothing was spent on them"
    _, late = play.connect()
    late.arrive(ONE)
    assert late.written.startswith(b"HTTP/1.1 200 "), "there is room again"
