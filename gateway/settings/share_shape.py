"""Fair share: how much each organisation may use of each model; in the settings, and the same spelling in grants."""

from typing import Annotated, Literal

from msgspec import Meta

from gateway.settings.section import Section

Requests = Annotated[int, Meta(ge=1, le=1_000_000)]
Concurrent = Annotated[int, Meta(ge=1, le=1_000_000)]
Period = Annotated[float, Meta(ge=1, le=86_400, description="seconds")]


class ShareSection(Section, frozen=True, kw_only=True):
    """A share: requests in a period, how many of them at once, and how many under way at the same time."""

    requests: Requests | None = None
    per: Period | None = None
    burst: Requests | None = None
    concurrent: Concurrent | None = None


class FairShare(Section, frozen=True, kw_only=True):
    """How much each organisation may use, so that no one starves another."""

    default: ShareSection = ShareSection()
    counted_in: Literal["store", "workers"] = "store"
    store_away: Literal["divide", "refuse"] = "divide"
