"""From rules as they are written to the rules that `decide` takes: one way for settings, grants and directives. Pure."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from msgspec import structs

from gateway.policy.assurance import LADDERS, Requirement
from gateway.policy.codes import is_subdivision
from gateway.policy.gazetteer import Gazetteer
from gateway.policy.ownership import OwnershipRule
from gateway.policy.restrictions import NO_RESTRICTIONS, CountryRule, Restrictions
from gateway.policy.vocabulary import Places, Unknown
from gateway.settings.rules_shape import (
    CountryList,
    NationalityList,
    OwnershipSection,
    RegionList,
    RequireVerified,
    ResidenceList,
    RestrictionsSection,
)

Expand = Gazetteer | Callable[[Iterable[str]], frozenset[str]]
"""Country codes and names of country groups -> codes; raises ValueError naming an unknown one. Gazetteers know territories and dates."""

COUNTRY_RULES: Final = ("nationality", "most_recent", "residence", "region")
PERSON_RULES: Final = ("nationality", "most_recent", "residence")

_UNSET: Final = RestrictionsSection()
_WRITE_A_LIST: Final = 'Write: any_in: ["XX"] to refuse countries or all_in: ["XX"] to admit only them'


def build_restrictions(section: RestrictionsSection, expand: Expand) -> Restrictions:
    """Make the rules of one section. Raises ValueError with the path of what makes no sense and its right form."""
    if section == _UNSET:
        return NO_RESTRICTIONS
    for path, text in contradictions(section, expand):
        raise ValueError(f"{path}: {text}")
    return Restrictions(
        nationality=_country_rule("nationality", section.nationality, expand),
        us_person=section.us_person,
        us_person_exempt=section.us_person_exempt,
        residence=_country_rule("residence", section.residence, expand),
        region=_country_rule("region", section.region, expand),
        deny_anonymizer=section.deny_anonymizer,
        deny_hosting=section.deny_hosting,
        most_recent=_country_rule("most_recent", section.most_recent, expand),
        ownership=_ownership_rule(section.ownership, expand),
        require_verified=_requirement(section.require_verified),
    )


def contradictions(section: RestrictionsSection, expand: Expand) -> Iterator[tuple[str, str]]:
    """Yield path and text of whatever in a section says nothing or contradicts itself, words of its lists aside."""
    rules = {name: rule for name in COUNTRY_RULES if (rule := getattr(section, name)) is not None}
    for name, rule in rules.items():
        if rule.any_in is None and rule.all_in is None:
            yield name, f"lists nothing, so the rule restricts nothing. {_WRITE_A_LIST}"
        yield from _words(name, {"any_in": rule.any_in, "all_in": rule.all_in})
        yield from _territories(name, rule, expand)
    if section.ownership is not None:
        yield from _words("ownership", {"any_in": section.ownership.any_in})
        yield from _ownership("ownership", section.ownership)
        yield from _territories("ownership", section.ownership, expand)
    yield from _evidence("require_verified", section.require_verified)
    if section.require_verified is not None and not section.us_person and rules.keys().isdisjoint(PERSON_RULES):
        yield "require_verified", f"there is no rule on persons to verify. Write one of us_person, {', '.join(PERSON_RULES)}"
    for name in PERSON_RULES:
        rule = rules.get(name)
        if rule is not None:
            yield from _evidence(f"{name}.require_verified", rule.require_verified)
            if (rule.require_verified or section.require_verified) and rule.unknown is Unknown.ALLOW:
                yield f"{name}.unknown", "a rule that requires evidence cannot let pass who shows none. Write: unknown: deny"


def demands_nothing(section: RestrictionsSection) -> bool:
    """Say whether no rule is set: what says only whom it exempts restricts nobody."""
    return structs.replace(section, us_person_exempt=True) == _UNSET


def _words(name: str, lists: Mapping[str, tuple[str, ...] | None]) -> Iterator[tuple[str, str]]:
    for key, words in lists.items():
        if words == ():
            yield f"{name}.{key}", "an empty list is no rule. Name countries or remove the key"
        for index, word in enumerate(words or ()):
            if name != "region" and is_subdivision(word):
                yield f"{name}.{key}[{index}]", f"{word} is part of a country: such codes work in region rules only"


def _territories(name: str, rule: CountryList | OwnershipSection, expand: Expand) -> Iterator[tuple[str, str]]:
    if rule.territories and not (isinstance(expand, Gazetteer) and expand.parents):
        yield f"{name}.territories", "nothing says which territories a country has. Write: country_groups: country_groups.yaml"


def _ownership(name: str, rule: OwnershipSection) -> Iterator[tuple[str, str]]:
    if (rule.gt is None) == (rule.gte is None):
        yield name, "expected exactly one of gt and gte, in percent. Write: gte: 50"
    if rule.gte == 0 or rule.gt == 100:  # noqa: PLR2004 - percent: none at all, and all
        yield name, "refuses everybody or nobody. Write: gte: 50"


def _evidence(path: str, need: RequireVerified | None) -> Iterator[tuple[str, str]]:
    if need is None:
        return
    if not need.trust_frameworks or "" in need.trust_frameworks:
        yield f"{path}.trust_frameworks", "expected at least one framework; any other is not trusted. Write: trust_frameworks: [eidas]"
    for framework in need.trust_frameworks:
        ladder = LADDERS.get(framework)
        if need.min_level and ladder is not None and need.min_level.lower() not in ladder:
            yield f"{path}.min_level", f"is no level of {framework}. Write one of: {', '.join(ladder)}"


def _country_rule(name: str, rule: CountryList | None, expand: Expand) -> CountryRule | None:
    if rule is None:
        return None
    try:
        any_in, all_in = (None if names is None else _expanded(names, rule, expand) for names in (rule.any_in, rule.all_in))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return CountryRule(
        any_in,
        all_in,
        rule.unknown,
        _requirement(rule.require_verified) if isinstance(rule, ResidenceList) else None,
        _lapses(rule, (*(rule.any_in or ()), *(rule.all_in or ())), expand),
        isinstance(rule, NationalityList) and rule.classes == "allow",
        rule.places if isinstance(rule, RegionList) else Places.ANY,
    )


def _ownership_rule(rule: OwnershipSection | None, expand: Expand) -> OwnershipRule | None:
    if rule is None:
        return None
    try:
        any_in = _expanded(rule.any_in, rule, expand)
    except ValueError as error:
        raise ValueError(f"ownership: {error}") from None
    inclusive = rule.gt is None
    percent = (rule.gte if inclusive else rule.gt) or 0.0
    return OwnershipRule(any_in, percent, inclusive, rule.together, rule.unknown, _lapses(rule, rule.any_in, expand))


def _expanded(names: Iterable[str], rule: CountryList | OwnershipSection, expand: Expand) -> frozenset[str]:
    return expand(names, territories=rule.territories) if isinstance(expand, Gazetteer) else expand(names)


def _lapses(rule: CountryList | OwnershipSection, names: Iterable[str], expand: Expand) -> float:
    return expand.good_until(names) if rule.stale == "deny" and isinstance(expand, Gazetteer) else math.inf


def _requirement(need: RequireVerified | None) -> Requirement | None:
    return None if need is None else Requirement(frozenset(need.trust_frameworks), need.min_level, need.max_age or math.inf)
