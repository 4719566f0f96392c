import pytest

from gateway.admin.limits import read_limits, show_limits
from gateway.errors import CommandError
from gateway.policy.share import UNLIMITED
from gateway.settings.share_shape import ShareSection
from gateway.settings.shares import build_share


def test_limits_are_read_as_a_grant_keeps_them() -> None:
    assert read_limits("requests=600,per=60, burst=100,concurrent=8") == {"requests": 600, "per": 60, "burst": 100, "concurrent": 8}
    assert read_limits("concurrent=8") == {"concurrent": 8}
    assert read_limits("requests=1,per=1.5") == {"requests": 1, "per": 1.5}


@pytest.mark.parametrize(
    "written", ["600", "requests", "requests=", "requests=many", "requests=0", "tokens=5", "burst=5", "requests=1e400", ","]
)
def test_what_says_no_limit_is_refused_with_the_right_form(written: str) -> None:
    with pytest.raises(CommandError, match="--limits requests=600,per=60"):
        read_limits(written)


def test_limits_are_shown_as_they_are_typed() -> None:
    assert show_limits(build_share(ShareSection(requests=600, concurrent=8))) == "requests=600,per=60,burst=600,concurrent=8"
    assert show_limits(build_share(ShareSection(concurrent=8))) == "concurrent=8"
    assert show_limits(UNLIMITED) == ""
