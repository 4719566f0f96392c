"""Dates as operators write them: RFC 3339, a bare date (midnight UTC), or `+30d`, `+12h`, `+90m` from now; pure."""

from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.errors import CommandError

UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
FORMS: Final = "Write 2026-12-31T18:00:00Z, 2026-12-31 (midnight UTC, as that day begins) or +30d, +12h, +90m from now."


def read_instant(text: str, now: datetime, option: str) -> datetime:
    """Read what was given to `option` as an instant in UTC, whole seconds; raises CommandError that shows the right forms."""
    try:
        instant = _from_now(text, now) if text.startswith("+") else _from_calendar(text)
        return instant.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError, KeyError):
        raise CommandError(f"{option}: {text!r} is no instant. {FORMS}") from None


def write_instant(instant: datetime) -> str:
    """Spell an instant as RFC 3339 in UTC, as the store keeps it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _from_now(text: str, now: datetime) -> datetime:
    return now + int(text[1:-1]) * UNITS[text[-1]]


def _from_calendar(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    if read.tzinfo is not None:
        return read
    if len(text) == len("2026-12-31"):
        return read.replace(tzinfo=UTC)
    raise ValueError("an hour without a time zone can be read in two ways")
