"""Who owns the organisation: shares by country, and the rule on them, in three-valued logic."""

import math
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from gateway.policy.vocabulary import Result, Unknown

WHOLE: Final = 100.0
EXACT: Final = 6
"""Decimals that count: shares are added up as people write them, 16.1 + 16.2 + 17.7 is 50."""


class Ownership(Struct, frozen=True, gc=False):
    """The shares of the ultimate owners, added up by country (alpha-2, percent); `told` is what is accounted for, at most 100.

    The rest belongs to owners whom nobody has named, or whose country could not be read.
    """

    shares: tuple[tuple[str, float], ...] = ()
    told: float = 0.0


def ownership(owners: Iterable[tuple[str, float]]) -> Ownership | None:
    """Add up owners (alpha-2, percent). None where that tells nothing: no owner, a share outside 0 to 100, more than 100 in all."""
    parts: dict[str, list[float]] = {}
    for country, percent in owners:
        if not 0 < percent <= WHOLE:
            return None
        parts.setdefault(country, []).append(percent)
    told = _sum(percent for percents in parts.values() for percent in percents)
    if not parts or told > WHOLE:
        return None
    return Ownership(tuple((country, _sum(parts[country])) for country in sorted(parts)), told)


class OwnershipRule(Struct, frozen=True):
    """Refuse an organisation of which more than `percent` (or as much, if `inclusive`) is owned from one country of `any_in`.

    `together`: from all of them in sum. A 50 % rule as OFAC's is inclusive. Where the owners nobody has named could make
    the difference, the rule is unknown, and `unknown` says what that does. `lapses`: the instant (epoch seconds) from which the
    list is too old to let anybody pass.
    """

    any_in: frozenset[str]
    percent: float
    inclusive: bool = False
    together: bool = False
    unknown: Unknown = Unknown.DENY
    lapses: float = math.inf


def owned(rule: OwnershipRule, *sources: Ownership | None) -> Result:
    """Put the rule to what each source knows (the grant, the token): any may refuse, one that knows is enough to pass."""
    results = [_owned(rule, source) for source in sources]
    if Result.FAIL in results:
        return Result.FAIL
    return Result.PASS if Result.PASS in results else Result.UNKNOWN


def _owned(rule: OwnershipRule, known: Ownership | None) -> Result:
    if known is None:
        return Result.UNKNOWN
    listed = [percent for country, percent in known.shares if country in rule.any_in]
    share = (_sum(listed) if rule.together else max(listed)) if listed else 0.0
    if _exceeds(rule, share):
        return Result.FAIL
    return Result.UNKNOWN if _exceeds(rule, _sum((share, WHOLE, -known.told))) else Result.PASS


def _exceeds(rule: OwnershipRule, percent: float) -> bool:
    return percent >= rule.percent if rule.inclusive else percent > rule.percent


def _sum(percents: Iterable[float]) -> float:
    return round(math.fsum(percents), EXACT)
