"""An organisation's own limits as they are typed, and as they are shown; pure."""

from typing import Final

import msgspec

from gateway.errors import CommandError
from gateway.policy.share import Share
from gateway.settings.share_shape import ShareSection
from gateway.settings.shares import build_share

WRITE: Final = "Write --limits requests=600,per=60,burst=100,concurrent=8, or some of these."


def read_limits(written: str) -> dict[str, object]:
    """Read `requests=600,per=60,burst=100,concurrent=8` as a grant keeps it. Raises CommandError with the right form."""
    try:
        said = {name.strip(): _number(value) for name, _, value in (part.partition("=") for part in written.split(","))}
        build_share(msgspec.convert(said, ShareSection))
    except (msgspec.ValidationError, ValueError) as error:
        raise CommandError(f"--limits: {error}. {WRITE}") from None
    return said


def show_limits(share: Share) -> str:
    """Spell them so; empty where there are none."""
    rate = share.rate
    parts = [] if rate is None else [f"requests={share.requests}", f"per={share.per:g}", f"burst={rate.burst}"]
    return ",".join([*parts, *([f"concurrent={share.concurrent}"] if share.concurrent else [])])


def _number(text: str) -> object:
    number = float(text)
    return int(number) if number.is_integer() else number
