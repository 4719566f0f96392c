from gateway.policy.gcra import rate_of
from gateway.policy.share import UNLIMITED, Share

MODEL = Share(rate_of(600, 60, 600), 600, 60.0, 8)


def test_what_a_grant_says_is_said_over_the_model_and_the_rest_stays() -> None:
    assert Share(concurrent=2).over(MODEL) == Share(MODEL.rate, 600, 60.0, 2)
    quick = rate_of(10, 1, 20)
    assert Share(quick, 10, 1.0).over(MODEL) == Share(quick, 10, 1.0, 8)


def test_saying_nothing_leaves_all_as_it_was() -> None:
    assert UNLIMITED.over(MODEL) == MODEL
    assert MODEL.over(UNLIMITED) is MODEL
    assert UNLIMITED.over(UNLIMITED) is UNLIMITED
