"""Header fields of a 429: when to come back, and the limit in the spellings that the SDKs of OpenAI and Anthropic show their callers.

Both SDKs wait for `retry-after-ms`, else `retry-after`, up to a minute. Which limit is meant is said once: the rate, where one is.
"""

import math
from datetime import UTC, datetime
from typing import Final

from gateway.policy.share import Excess

Fields = list[tuple[bytes, bytes]]
_SECOND: Final = 1000  # milliseconds
_LATEST: Final = 253_402_300_799  # the last second of the year 9999


def limit_fields(excess: Excess) -> Fields:
    """Fields of a refusal for `excess`. Whole seconds are rounded up: who comes back then is not too early."""
    wait = max(0.001, excess.wait)
    fields = [(b"retry-after", b"%d" % math.ceil(wait)), (b"retry-after-ms", b"%d" % math.ceil(wait * _SECOND))]
    share = excess.share
    if excess.concurrent or not share.requests:
        return fields
    moment = datetime.fromtimestamp(min(math.ceil(excess.at + excess.whole), _LATEST), UTC)
    fields += [
        (b"x-ratelimit-limit-requests", b"%d" % share.requests),
        (b"x-ratelimit-remaining-requests", b"0"),
        (b"x-ratelimit-reset-requests", _duration(excess.whole).encode()),
        (b"anthropic-ratelimit-requests-limit", b"%d" % share.requests),
        (b"anthropic-ratelimit-requests-remaining", b"0"),
        (b"anthropic-ratelimit-requests-reset", moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode()),
    ]
    return fields


def _duration(seconds: float) -> str:
    """Spell a duration as OpenAI's API does: 20ms, 7.66s, 6m0s, 2h0m0s."""
    milliseconds = math.ceil(seconds * _SECOND)
    if milliseconds < _SECOND:
        return f"{milliseconds}ms"
    whole, rest = divmod(milliseconds, _SECOND)
    minutes, last = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    tail = f"{last + rest / _SECOND:g}s"
    if hours:
        return f"{hours}h{minutes}m{tail}"
    return f"{minutes}m{tail}" if minutes else tail
