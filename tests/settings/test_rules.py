"""Rules as they are written become the rules that are decided by; what contradicts itself is named with its right form."""

import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from gateway.policy.assurance import Requirement
from gateway.policy.gazetteer import NO_GROUPS
from gateway.policy.groups import read_groups
from gateway.policy.ownership import OwnershipRule
from gateway.policy.restrictions import NO_RESTRICTIONS, CountryRule, Restrictions
from gateway.policy.vocabulary import Places, Unknown
from gateway.settings.rules import build_restrictions, contradictions
from gateway.settings.rules_shape import RestrictionsSection

GROUPS = read_groups(
    {
        "groups": {"dated": {"members": ["KP", "US"], "review_by": "2026-12-31"}, "open": {"members": ["IR"]}},
        "territory_parent": {"US": ["PR", "GU"]},
    }
)
LAPSES = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
EIDAS = {"trust_frameworks": ["eidas"], "min_level": "high", "max_age": 60}


def section(**rules: Any) -> RestrictionsSection:
    return msgspec.convert(rules, RestrictionsSection)


def built(**rules: Any) -> Restrictions:
    return build_restrictions(section(**rules), GROUPS)


def test_nothing_said_is_nothing_demanded() -> None:
    assert build_restrictions(RestrictionsSection(), NO_GROUPS) is NO_RESTRICTIONS


def test_every_rule() -> None:
    need = Requirement(frozenset({"eidas"}), "high", 60.0)
    found = built(
        nationality={"any_in": ["open"], "all_in": ["FR"], "classes": "allow", "require_verified": EIDAS},
        most_recent={"any_in": ["KP"]},
        us_person=True,
        us_person_exempt=False,
        residence={"all_in": ["FR"], "require_verified": {"trust_frameworks": ["a", "b"]}},
        ownership={"any_in": ["open"], "gt": 50, "together": True, "unknown": "allow"},
        region={"any_in": ["UA-43"], "places": "located", "unknown": "allow"},
        deny_anonymizer=True,
        deny_hosting=True,
        require_verified=EIDAS,
    )
    assert found == Restrictions(
        nationality=CountryRule(frozenset({"IR"}), frozenset({"FR"}), require_verified=need, admit_classes=True),
        most_recent=CountryRule(frozenset({"KP"})),
        us_person=True,
        us_person_exempt=False,
        residence=CountryRule(all_in=frozenset({"FR"}), require_verified=Requirement(frozenset({"a", "b"}))),
        ownership=OwnershipRule(frozenset({"IR"}), 50.0, together=True, unknown=Unknown.ALLOW),
        region=CountryRule(frozenset({"UA-43"}), unknown=Unknown.ALLOW, places=Places.LOCATED),
        deny_anonymizer=True,
        deny_hosting=True,
        require_verified=need,
    )


def test_percent_or_more_and_more_than_percent() -> None:
    assert built(ownership={"any_in": ["KP"], "gte": 50}).ownership == OwnershipRule(frozenset({"KP"}), 50.0, inclusive=True)
    assert built(ownership={"any_in": ["KP"], "gt": 0}).ownership == OwnershipRule(frozenset({"KP"}), 0.0)


def test_territories_count_where_a_rule_says_so() -> None:
    asked, plain = (built(region={"any_in": ["dated"], "territories": flag}).region for flag in (True, False))
    assert asked == CountryRule(frozenset({"KP", "US", "PR", "GU"}))
    assert plain == CountryRule(frozenset({"KP", "US"}))
    assert built(ownership={"any_in": ["US"], "gte": 50, "territories": True}).ownership == OwnershipRule(
        frozenset({"US", "PR", "GU"}), 50.0, inclusive=True
    )


@pytest.mark.parametrize(
    ("names", "stale", "lapses"),
    [(["dated", "FR"], "deny", LAPSES), (["dated"], "warn", math.inf), (["open", "FR"], "deny", math.inf)],
)
def test_a_group_past_its_review_date_counts_where_a_rule_says_so(names: list[str], stale: str, lapses: float) -> None:
    rule = built(nationality={"any_in": names, "stale": stale}).nationality
    assert rule is not None
    assert rule.lapses == lapses
    owners = built(ownership={"any_in": names, "gte": 50, "stale": stale}).ownership
    assert owners is not None
    assert owners.lapses == lapses


CONTRADICTIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a rule without a list": ({"region": {}}, "region", "lists nothing"),
    "the most recent without a list": ({"most_recent": {"unknown": "allow"}}, "most_recent", "lists nothing"),
    "neither bound": ({"ownership": {"any_in": ["KP"]}}, "ownership", "exactly one of gt and gte"),
    "both bounds": ({"ownership": {"any_in": ["KP"], "gt": 25, "gte": 50}}, "ownership", "exactly one of gt and gte"),
    "owners from nowhere": ({"ownership": {"any_in": [], "gte": 50}}, "ownership.any_in", "an empty list is no rule"),
    "none at all": ({"ownership": {"any_in": ["KP"], "gte": 0}}, "ownership", "refuses everybody or nobody"),
    "more than all": ({"ownership": {"any_in": ["KP"], "gt": 100}}, "ownership", "refuses everybody or nobody"),
    "evidence of nothing": ({"require_verified": EIDAS}, "require_verified", "no rule on persons to verify"),
    "evidence for a place": ({"region": {"any_in": ["KP"]}, "require_verified": EIDAS}, "require_verified", "no rule on persons"),
    "an empty deny list": ({"nationality": {"any_in": []}}, "nationality.any_in", "an empty list is no rule"),
    "an empty allow list": ({"residence": {"any_in": ["KP"], "all_in": []}}, "residence.all_in", "an empty list is no rule"),
    "a nationality of a part": ({"nationality": {"any_in": ["KP", "UA-43"]}}, "nationality.any_in[1]", "is part of a country"),
    "owners from a part": ({"ownership": {"any_in": ["UA-43"], "gte": 50}}, "ownership.any_in[0]", "is part of a country"),
    "no framework": (
        {"us_person": True, "require_verified": {"trust_frameworks": []}},
        "require_verified.trust_frameworks",
        "expected at least one framework",
    ),
    "a level of another framework": (
        {"nationality": {"any_in": ["KP"], "require_verified": {"trust_frameworks": ["eidas"], "min_level": "ial2"}}},
        "nationality.require_verified.min_level",
        "is no level of eidas. Write one of: low, substantial, high",
    ),
    "evidence or nothing": (
        {"residence": {"any_in": ["KP"], "unknown": "allow"}, "require_verified": EIDAS},
        "residence.unknown",
        "cannot let pass who shows none",
    ),
}


@pytest.mark.parametrize(("rules", "path", "text"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_what_contradicts_itself(rules: dict[str, Any], path: str, text: str) -> None:
    ((where, what),) = contradictions(section(**rules), GROUPS)
    assert where == path
    assert text in what
    with pytest.raises(ValueError, match=text) as refusal:
        built(**rules)
    assert str(refusal.value).startswith(f"{path}: ")


def test_territories_need_a_file_that_knows_them() -> None:
    rules = section(nationality={"any_in": ["US"], "territories": True})
    for expand in (NO_GROUPS, frozenset):
        with pytest.raises(ValueError, match=r"nationality\.territories: nothing says which territories"):
            build_restrictions(rules, expand)


def test_words_that_are_neither_code_nor_group_are_named_with_their_rule() -> None:
    with pytest.raises(ValueError, match="most_recent: unknown country code or group 'UK': write GB"):
        built(most_recent={"all_in": ["UK"]})
    with pytest.raises(ValueError, match="ownership: unknown country code or group 'atlantis'"):
        built(ownership={"any_in": ["atlantis"], "gte": 50})
