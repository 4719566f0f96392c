import pytest
from support.settings_text import WHOLE, parsed

from gateway.policy.gcra import Rate
from gateway.policy.groups import NO_GROUPS
from gateway.policy.share import UNLIMITED, Share
from gateway.settings.provision import build_catalogue
from gateway.settings.share_shape import ShareSection
from gateway.settings.shares import build_share


def test_what_is_not_said_is_a_minute_and_all_at_once() -> None:
    assert build_share(ShareSection(requests=600)) == Share(Rate(100_000, 600), 600, 60.0)


def test_nothing_said_is_no_limit() -> None:
    assert build_share(ShareSection()) is UNLIMITED


def test_a_burst_without_requests_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="Write: requests: 600"):
        build_share(ShareSection(burst=5, concurrent=3))


def test_a_model_says_its_own_over_the_default() -> None:
    text = WHOLE + "    share: {concurrent: 2}\n  - {id: other, upstream: inference}\n"
    text += "fair_share: {default: {requests: 60, concurrent: 9}}\n"
    catalogue = build_catalogue(parsed(text), NO_GROUPS)
    assert catalogue["frontier-1"].share == Share(Rate(1_000_000, 60), 60, 60.0, 2)
    assert catalogue["other"].share == Share(Rate(1_000_000, 60), 60, 60.0, 9)
