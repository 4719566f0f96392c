"""Restrictions inside grants and directives: the same spelling as in the settings, country groups expanded; pure."""

from collections.abc import Sequence

from msgspec import Struct

from gateway.policy.gazetteer import expand as codes_of
from gateway.policy.ownership import WHOLE, Ownership, ownership
from gateway.policy.restrictions import Restrictions
from gateway.policy.share import UNLIMITED, Share
from gateway.settings.rules import Expand, build_restrictions, demands_nothing
from gateway.settings.section import Percent
from gateway.settings.shape import RestrictionsSection, ShareSection
from gateway.settings.shares import build_share
from gateway.store.document import ProblemError

__all__ = ["Expand", "Owner", "demands_nothing", "read_ownership", "read_restrictions", "read_share"]


class Owner(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One ultimate owner of an organisation, or several of one country together."""

    country: str
    percent: Percent


def read_restrictions(section: RestrictionsSection, expand: Expand) -> Restrictions:
    """Make the rule that `decide` takes. Raises ProblemError for an unknown country or group and for a rule that makes no sense."""
    try:
        return build_restrictions(section, expand)
    except ValueError as error:
        raise ProblemError(str(error)) from None


def read_ownership(owners: Sequence[Owner]) -> Ownership | None:
    """Add up the owners by country; None where none is named. Raises ProblemError for what is no country, and for shares beyond 100 %."""
    if not owners:
        return None
    try:
        codes_of([owner.country for owner in owners])
    except ValueError as error:
        raise ProblemError(f"ownership: {error}") from None
    found = ownership((owner.country, owner.percent) for owner in owners)
    if found is None or any("-" in owner.country for owner in owners):
        raise ProblemError(f"ownership: expected countries with a share above 0, together at most {WHOLE:.0f} percent")
    return found


def read_share(section: ShareSection) -> Share:
    """Make the share of one grant. Raises ProblemError where it says nothing or makes no sense."""
    try:
        share = build_share(section)
    except ValueError as error:
        raise ProblemError(f"limits: {error}") from None
    if share is UNLIMITED:
        raise ProblemError('limits: say nothing; leave them out, or write {"requests": 600, "per": 60, "burst": 100, "concurrent": 8}')
    return share
