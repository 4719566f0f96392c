import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.gcra import SECOND, Rate, rate_of, take

TEN_A_SECOND = rate_of(10, 1.0, 5)
RATES = st.builds(Rate, st.integers(1, 10**9), st.integers(1, 1000))
QUESTIONS = st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 50)), max_size=40)


def test_a_burst_comes_at_once_and_then_the_rate() -> None:
    first = take(0, SECOND, TEN_A_SECOND, 7)
    assert (first.granted, first.wait) == (5, SECOND // 10)
    assert take(first.arrival, SECOND, TEN_A_SECOND, 1).granted == 0
    later = take(first.arrival, SECOND + first.wait, TEN_A_SECOND, 2)
    assert (later.granted, later.wait) == (1, SECOND // 10)


def test_after_a_pause_the_burst_is_there_again_and_no_more() -> None:
    used = take(0, SECOND, TEN_A_SECOND, 5)
    assert take(used.arrival, SECOND * 3600, TEN_A_SECOND, 100).granted == 5


def test_what_is_given_back_can_be_taken_again() -> None:
    used = take(0, SECOND, TEN_A_SECOND, 5)
    back = take(used.arrival, SECOND, TEN_A_SECOND, -2)
    assert take(back.arrival, SECOND, TEN_A_SECOND, 5).granted == 2


def test_giving_back_what_was_never_taken_gains_nothing() -> None:
    back = take(0, SECOND, TEN_A_SECOND, -100)
    assert take(back.arrival, SECOND, TEN_A_SECOND, 100).granted == 5


def test_a_clock_set_back_keeps_nobody_waiting_for_longer_than_the_rate_means() -> None:
    used = take(0, SECOND * 1000, TEN_A_SECOND, 5)
    assert take(used.arrival, SECOND, TEN_A_SECOND, 1).wait == SECOND // 10


@pytest.mark.parametrize(("requests", "per", "interval"), [(1, 60, 60 * SECOND), (3, 1, 333_334), (10**6, 1, 1)])
def test_a_rate_is_rounded_to_the_slower_side(requests: int, per: float, interval: int) -> None:
    assert rate_of(requests, per, 1).interval == interval


@pytest.mark.parametrize("workers", [1, 2, 3, 16])
def test_the_parts_of_the_workers_are_together_no_faster_than_the_whole(workers: int) -> None:
    part = TEN_A_SECOND.part(workers)
    assert part.interval == workers * TEN_A_SECOND.interval
    assert part.burst * workers <= max(TEN_A_SECOND.burst, workers)


@given(RATES, QUESTIONS)
def test_never_more_than_the_burst_and_the_rate(rate: Rate, questions: list[tuple[int, int]]) -> None:
    begun = now = 10**15
    arrival = total = 0
    for pause, asked in questions:
        now += pause
        taken = take(arrival, now, rate, asked)
        arrival, total = taken.arrival, total + taken.granted
        assert total <= rate.burst + (now - begun) // rate.interval
        assert 0 <= taken.granted <= asked


@given(RATES, QUESTIONS)
def test_who_waits_as_long_as_told_is_served_and_no_sooner(rate: Rate, questions: list[tuple[int, int]]) -> None:
    now, arrival = 10**15, 0
    for pause, asked in questions:
        now += pause
        taken = take(arrival, now, rate, asked)
        arrival = taken.arrival
        assert take(arrival, now + taken.wait, rate, 1).granted == 1
        if taken.wait:
            assert take(arrival, now + taken.wait - 1, rate, 1).granted == 0
