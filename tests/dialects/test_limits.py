import pytest

from gateway.dialects.limits import limit_fields
from gateway.policy.gcra import rate_of
from gateway.policy.share import Excess, Share

SHARE = Share(rate_of(600, 60, 100), 600, 60.0, 8)


def fields(**facts: object) -> dict[bytes, bytes]:
    usual = {"share": SHARE, "concurrent": False, "wait": 0.1, "whole": 10.0, "at": 1_767_225_600.5}
    pairs = limit_fields(Excess(**usual | facts))  # type: ignore[arg-type]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_a_rate_is_told_as_both_sdks_read_it() -> None:
    assert fields() == {
        b"retry-after": b"1",
        b"retry-after-ms": b"100",
        b"x-ratelimit-limit-requests": b"600",
        b"x-ratelimit-remaining-requests": b"0",
        b"x-ratelimit-reset-requests": b"10s",
        b"anthropic-ratelimit-requests-limit": b"600",
        b"anthropic-ratelimit-requests-remaining": b"0",
        b"anthropic-ratelimit-requests-reset": b"2026-01-01T00:00:11Z",
    }


def test_places_have_no_rate_to_tell() -> None:
    assert fields(concurrent=True, wait=1.125) == {b"retry-after": b"2", b"retry-after-ms": b"1125"}
    assert fields(share=Share(concurrent=2)).keys() == {b"retry-after", b"retry-after-ms"}


def test_nobody_is_told_to_come_back_at_once() -> None:
    assert fields(wait=0.0)[b"retry-after-ms"] == b"1"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.02, b"20ms"), (1.0, b"1s"), (7.66, b"7.66s"), (60.0, b"1m0s"), (360.0, b"6m0s"), (7200.0, b"2h0m0s"), (86_399.5, b"23h59m59.5s")],
)
def test_a_duration_is_spelled_as_openai_spells_it(seconds: float, text: bytes) -> None:
    assert fields(whole=seconds)[b"x-ratelimit-reset-requests"] == text


def test_the_end_of_time_is_a_date() -> None:
    assert fields(whole=1e15)[b"anthropic-ratelimit-requests-reset"] == b"9999-12-31T23:59:59Z"
