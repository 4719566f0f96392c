"""Restrictions inside grants and directives: the same spelling as in the settings, country groups expanded; pure."""

from collections.abc import Callable, Iterable

from gateway.policy.restrictions import NO_RESTRICTIONS, CountryRule, Restrictions
from gateway.settings.shape import CountryList, RestrictionsSection
from gateway.store.document import ProblemError

Expand = Callable[[Iterable[str]], frozenset[str]]
"""Country codes and names of country groups -> codes; raises ValueError naming an unknown one."""

_UNSET = RestrictionsSection()


def read_restrictions(section: RestrictionsSection, expand: Expand) -> Restrictions:
    """Make the rule that `decide` takes. Raises ProblemError for an unknown country or group and for a rule that lists nothing."""
    if section == _UNSET:
        return NO_RESTRICTIONS
    return Restrictions(
        nationality=_rule("nationality", section.nationality, expand),
        us_person=section.us_person,
        us_person_exempt=section.us_person_exempt,
        residence=_rule("residence", section.residence, expand),
        region=_rule("region", section.region, expand),
        deny_anonymizer=section.deny_anonymizer,
        deny_hosting=section.deny_hosting,
    )


def _rule(name: str, listed: CountryList | None, expand: Expand) -> CountryRule | None:
    if listed is None:
        return None
    if listed.any_in is None and listed.all_in is None:
        raise ProblemError(f"{name}: lists nothing; write any_in (who is refused) or all_in (who is admitted)")
    try:
        return CountryRule(_expanded(listed.any_in, expand), _expanded(listed.all_in, expand), listed.unknown)
    except ValueError as error:
        raise ProblemError(f"{name}: {error}") from None


def _expanded(names: tuple[str, ...] | None, expand: Expand) -> frozenset[str] | None:
    return None if names is None else expand(names)
