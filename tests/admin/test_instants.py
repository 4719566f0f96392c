from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.admin.instants import read_instant, write_instant
from gateway.errors import CommandError

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-12-31T18:00:00Z", "2026-12-31T18:00:00Z"),
        ("2026-12-31T18:00:00+02:00", "2026-12-31T16:00:00Z"),
        ("2026-12-31", "2026-12-31T00:00:00Z"),
        ("+30d", "2026-07-01T12:00:00Z"),
        ("+12h", "2026-06-02T00:00:00Z"),
        ("+90m", "2026-06-01T13:30:00Z"),
        ("+2w", "2026-06-15T12:00:00Z"),
    ],
)
def test_every_form_that_operators_write(text: str, meant: str) -> None:
    assert write_instant(read_instant(text, NOON, "--until")) == meant


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "+", "+d", "+3y", "2026-13-01", "2026-12-31T18:00:00", "12/31/2026", "+99999999999d", "NaN"]
)
def test_what_can_be_read_in_two_ways_or_none_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(CommandError, match=r"--until: .* is no instant. Write 2026-12-31T18:00:00Z"):
        read_instant(text, NOON, "--until")


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    try:
        assert read_instant(text, NOON, "--from").tzinfo is UTC
    except CommandError as refused:
        assert "--from" in str(refused)  # noqa: PT017 - either outcome is right, each is checked


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001 - Hypothesis wants naive bounds
def test_what_is_written_reads_back(instant: datetime) -> None:
    whole = instant.replace(microsecond=0, tzinfo=UTC)
    assert read_instant(write_instant(whole), NOON, "--from") == whole
