from typing import Any

import pytest

from gateway.policy.assurance import Requirement
from gateway.policy.ownership import Ownership, OwnershipRule
from gateway.policy.restrictions import NO_RESTRICTIONS, CountryRule, Restrictions
from gateway.settings.rules_shape import (
    NationalityList,
    OwnershipSection,
    RegionList,
    RequireVerified,
    ResidenceList,
    RestrictionsSection,
)
from gateway.store.document import ProblemError
from gateway.store.rules import Owner, read_ownership, read_restrictions


def test_nothing_demanded() -> None:
    assert read_restrictions(RestrictionsSection(), frozenset) is NO_RESTRICTIONS


def test_every_rule() -> None:
    codes: dict[str, Any] = {"any_in": ("KP",), "all_in": ("US", "CA")}
    rule = CountryRule(frozenset({"KP"}), frozenset({"US", "CA"}))
    section = RestrictionsSection(
        nationality=NationalityList(**codes),
        us_person=True,
        us_person_exempt=False,
        residence=ResidenceList(**codes),
        region=RegionList(**codes),
        deny_anonymizer=True,
        deny_hosting=True,
        most_recent=NationalityList(**codes),
        ownership=OwnershipSection(any_in=("KP",), gte=50),
        require_verified=RequireVerified(trust_frameworks=("eidas",), min_level="high", max_age=60),
    )
    assert read_restrictions(section, frozenset) == Restrictions(
        nationality=rule,
        us_person=True,
        us_person_exempt=False,
        residence=rule,
        region=rule,
        deny_anonymizer=True,
        deny_hosting=True,
        most_recent=rule,
        ownership=OwnershipRule(frozenset({"KP"}), 50.0, inclusive=True),
        require_verified=Requirement(frozenset({"eidas"}), "high", 60.0),
    )


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (RestrictionsSection(region=RegionList()), "region: lists nothing"),
        (RestrictionsSection(ownership=OwnershipSection(any_in=("KP",))), "ownership: expected exactly one of gt and gte"),
        (RestrictionsSection(nationality=NationalityList(any_in=("KP",), territories=True)), "nationality.territories: nothing says"),
        (
            RestrictionsSection(require_verified=RequireVerified(trust_frameworks=("eidas",))),
            "require_verified: there is no rule on persons",
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_a_mistake(section: RestrictionsSection, problem: str) -> None:
    with pytest.raises(ProblemError, match=problem):
        read_restrictions(section, frozenset)


def test_owners_are_added_up() -> None:
    owners = [Owner(country="US", percent=30), Owner(country="FR", percent=20), Owner(country="US", percent=10)]
    assert read_ownership(owners) == Ownership((("FR", 20.0), ("US", 40.0)), 60.0)
    assert read_ownership([]) is None


@pytest.mark.parametrize(
    ("country", "percent", "problem"),
    [("UK", 10, "write GB"), ("Atlantis", 10, "expected ISO 3166-1"), ("UA-43", 10, "expected countries"), ("US", 0, "share above 0")],
)
def test_owners_that_cannot_be_are_a_mistake(country: str, percent: float, problem: str) -> None:
    with pytest.raises(ProblemError, match=problem):
        read_ownership([Owner(country=country, percent=percent)])
    with pytest.raises(ProblemError, match="at most 100 percent"):
        read_ownership([Owner(country="US", percent=60), Owner(country="FR", percent=41)])
