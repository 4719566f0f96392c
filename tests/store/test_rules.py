import pytest

from gateway.policy.restrictions import NO_RESTRICTIONS, CountryRule, Restrictions
from gateway.settings.shape import CountryList, RestrictionsSection
from gateway.store.document import ProblemError
from gateway.store.rules import read_restrictions


def test_nothing_demanded() -> None:
    assert read_restrictions(RestrictionsSection(), frozenset) is NO_RESTRICTIONS


def test_every_rule() -> None:
    listed = CountryList(any_in=("KP",), all_in=("US", "CA"))
    rule = CountryRule(frozenset({"KP"}), frozenset({"US", "CA"}))
    section = RestrictionsSection(
        nationality=listed, us_person=True, us_person_exempt=False, residence=listed, region=listed, deny_anonymizer=True, deny_hosting=True
    )
    assert read_restrictions(section, frozenset) == Restrictions(rule, True, False, rule, rule, True, True)  # noqa: FBT003 (in their order)


def test_a_rule_that_lists_nothing_is_a_mistake() -> None:
    with pytest.raises(ProblemError, match="region: lists nothing"):
        read_restrictions(RestrictionsSection(region=CountryList()), frozenset)
