"""Which deadline of a WebSocket comes first, and who is told."""

import math

import pytest

from gateway.proxy.patience import CLOSING, PACE, Patience
from gateway.settings.shape import Limits

LIMITS = Limits(body_timeout=60.0, write_timeout=20.0)


class Told:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def on_quiet(self) -> None:
        self.said.append("quiet")

    def on_unread(self) -> None:
        self.said.append("unread")

    def on_dragging(self) -> None:
        self.said.append("dragging")

    def on_unclosed(self) -> None:
        self.said.append("unclosed")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def patience(told: Told) -> Patience:
    return Patience(told, LIMITS, 300.0, 1000.0)


def test_silence_is_counted_from_the_last_word(patience: Patience, told: Told) -> None:
    assert patience.deadline == 1300.0
    patience.heard(1100.0)
    assert patience.deadline == 1400.0
    patience.on_deadline()
    assert told.said == ["quiet"]


def test_a_caller_that_is_behind_has_to_catch_up(patience: Patience, told: Told) -> None:
    patience.behind(1000.0)
    assert patience.deadline == 1020.0
    patience.on_deadline()
    assert told.said == ["unread"]
    patience.caught_up()
    assert patience.deadline == 1300.0


def test_a_message_must_keep_a_pace_from_its_first_byte(patience: Patience, told: Told) -> None:
    patience.waiting(1000.0, 1)
    patience.waiting(1050.0, 10 * PACE)
    assert patience.deadline == 1070.0
    patience.on_deadline()
    assert told.said == ["dragging"]
    patience.waiting(1060.0, 0)
    assert patience.deadline == 1300.0
    patience.waiting(1100.0, PACE)
    assert patience.deadline == 1161.0


def test_a_close_frame_is_answered_soon_and_a_second_gives_no_more_time(patience: Patience, told: Told) -> None:
    patience.closing(1000.0)
    patience.closing(1005.0)
    assert patience.deadline == 1000.0 + CLOSING
    patience.on_deadline()
    assert told.said == ["unclosed"]


def test_patience_may_be_without_end(told: Told) -> None:
    assert Patience(told, LIMITS, math.inf, 0.0).deadline == math.inf
