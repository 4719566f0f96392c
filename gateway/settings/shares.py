"""From a share as it is written to the share that is kept: one way for settings and grants. Pure."""

from collections.abc import Iterator
from typing import Final

from gateway.policy.gcra import rate_of
from gateway.policy.share import UNLIMITED, Share
from gateway.settings.share_shape import ShareSection

MINUTE: Final = 60.0
NOTHING: Final = ShareSection()


def build_share(section: ShareSection) -> Share:
    """Make the share; a burst that is not said is the whole period's. Raises ValueError with the right form."""
    for text in contradictions(section):
        raise ValueError(text)
    if section == NOTHING:
        return UNLIMITED
    concurrent = section.concurrent or 0
    if section.requests is None:
        return Share(concurrent=concurrent)
    per = section.per or MINUTE
    return Share(rate_of(section.requests, per, section.burst or section.requests), section.requests, per, concurrent)


def contradictions(section: ShareSection) -> Iterator[str]:
    """Yield what makes no sense."""
    if section.requests is None and (section.per is not None or section.burst is not None):
        yield "per and burst say how requests may come, and no requests are said. Write: requests: 600"
