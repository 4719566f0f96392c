"""One worker's part of one share, on numbers alone; how it is used is played in test_fair_share.py."""

import pytest

from gateway.policy.access import Instant
from gateway.policy.gcra import rate_of
from gateway.policy.share import UNLIMITED, Share
from gateway.policy.snapshot import Grant, Model
from gateway.proxy.allotment import BATCHES, Allotment

SHARE = Share(rate_of(800, 1.0, 800), 800, 1.0, 32)
MODEL = Model("luna", "api", share=SHARE)
NOW = Instant(1_000_000.0, 500.0)


@pytest.fixture
def allotment() -> Allotment:
    fresh = Allotment("luna", "acme")
    fresh.agree(MODEL, None)
    return fresh


def test_batches_double_while_all_is_used_up_to_a_part_of_the_burst(allotment: Allotment) -> None:
    asked = []
    for _ in range(9):
        allotment.left = 0
        asked.append(wanted := allotment.wanted_requests())
        allotment.receive(wanted, wanted, 0.0, NOW.steady)
    assert asked == [1, 2, 4, 8, 16, 32, 64, 100, 100]
    assert max(asked) == 800 // BATCHES


def test_whoever_waits_is_asked_for_but_never_more_than_the_burst(allotment: Allotment) -> None:
    allotment.waiting = 50
    assert allotment.wanted_requests() == 50
    allotment.waiting = 5000
    assert (allotment.wanted_requests(), allotment.wanted_places(0)) == (800, 32)


def test_while_there_is_enough_nothing_is_asked_for(allotment: Allotment) -> None:
    allotment.batch, allotment.left = 100, 26
    assert (allotment.low, allotment.wanted_requests()) == (False, 0)
    allotment.left = 25
    assert (allotment.low, allotment.wanted_requests()) == (True, 100)


def test_after_an_answer_of_nothing_it_begins_small_again(allotment: Allotment) -> None:
    allotment.batch = 100
    allotment.receive(100, 0, 0.25, NOW.steady)
    assert (allotment.free_at, allotment.batch) == (NOW.steady + 0.25, 1)


def test_what_was_used_on_credit_is_paid(allotment: Allotment) -> None:
    allotment.left = -3
    assert (allotment.pay(), allotment.left, allotment.pay()) == (3, 0, 0)
    allotment.left = 7
    assert (allotment.pay(), allotment.left) == (0, 7)


def test_at_the_end_of_a_round_as_much_is_kept_as_was_used_in_it(allotment: Allotment) -> None:
    allotment.left, allotment.used, allotment.batch = 100, 3, 100
    assert (allotment.end_round(), allotment.left, allotment.batch, allotment.idle) == (-97, 3, 3, 0)
    assert (allotment.end_round(), allotment.left, allotment.batch, allotment.idle) == (-3, 0, 1, 1)
    allotment.left = -2
    assert (allotment.end_round(), allotment.left, allotment.idle) == (2, 0, 2)


def test_a_new_share_lets_go_of_what_was_taken_under_the_old_but_not_of_debts(allotment: Allotment) -> None:
    allotment.left, allotment.free_at = 7, 900.0
    assert allotment.agree(MODEL, Grant()) == SHARE
    assert allotment.left == 7, "another grant, the same share"
    allotment.agree(MODEL, Grant(share=Share(rate_of(1, 1.0, 1), 1, 1.0)))
    assert (allotment.left, allotment.free_at, allotment.share.concurrent) == (0, 0.0, 32)
    allotment.left = -2
    assert allotment.agree(Model("luna", "api"), None) is UNLIMITED
    assert allotment.left == -2


def test_several_callers_without_a_place_are_told_different_times(allotment: Allotment) -> None:
    waits = [allotment.exceed_places(NOW).wait for _ in range(8)]
    assert len(set(waits)) == 8
    assert all(1.0 <= wait < 2.0 for wait in waits)


def test_it_says_what_it_has(allotment: Allotment) -> None:
    allotment.left, allotment.places = 3, 2
    assert repr(allotment) == "<Allotment acme of luna: 3 requests, 2 places>"
