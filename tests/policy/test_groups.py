"""Country groups: the shipped file is sound, a bad one is refused with the right form."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.policy.countries import normalise
from gateway.policy.groups import CountryGroup, expand, read_groups

SHIPPED = Path(__file__).parents[2] / "config" / "country_groups.yaml"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(SHIPPED.read_text())
    return parsed


@pytest.fixture(scope="module")
def groups(document: dict[str, Any]) -> dict[str, CountryGroup]:
    return dict(read_groups(document))


def test_every_shipped_group_has_source_and_dates(groups: dict[str, CountryGroup]) -> None:
    for name, group in groups.items():
        assert group.title, name
        assert group.citation, name
        assert group.confidence, name
        assert group.as_of, name
        assert group.review_by, name
        assert group.as_of < group.review_by, name
        assert set(group.partial) <= group.codes, name


@pytest.mark.parametrize(
    ("name", "count"),
    [("ear_a1", 40), ("ear_a2", 34), ("ear_a3", 42), ("ear_a4", 45), ("ear_a5", 37), ("ear_a6", 8), ("eu_27", 27), ("nato_32", 32)],
)
def test_lists_have_the_length_that_their_source_counts(groups: dict[str, CountryGroup], name: str, count: int) -> None:
    assert len(groups[name].codes) == count


def test_norway_is_no_boolean(groups: dict[str, CountryGroup]) -> None:
    assert "NO" in groups["nato_32"].codes


def test_the_ear_counts_hong_kong_as_china_and_macau_not(groups: dict[str, CountryGroup]) -> None:
    assert groups["ear_d5"].codes == set(groups["ear_d5"].members) | {"HK"}
    assert "HK" not in groups["ear_e1"].codes
    assert "MO" not in groups["ear_d5"].codes


def test_a_group_holds_what_it_includes(groups: dict[str, CountryGroup]) -> None:
    assert groups["ear_744_22_military_intelligence"].codes >= {"IR", "KP", "SY", "CU", "HK", "BY"}


def test_a_group_of_regions_expands_to_them(groups: dict[str, CountryGroup]) -> None:
    assert expand(["us_embargoed_regions"], groups) == {"UA-43", "UA-40", "UA-14", "UA-09"}


def test_a_derived_group_is_computed(groups: dict[str, CountryGroup]) -> None:
    b = groups["ear_b"].codes
    assert len(b) == 249 - len(groups["ear_d1"].codes | groups["ear_e1"].codes | groups["ear_e2"].codes)
    assert not {"CN", "HK", "IR", "CU", "XK"} & b


def test_the_file_and_the_normaliser_agree(document: dict[str, Any]) -> None:
    assert {alias: normalise(alias).alpha2 for alias in document["normalise"]["alias"]} == document["normalise"]["alias"]
    assert {normalise(sentinel).alpha2 for sentinel in document["normalise"]["sentinels"]} == {None}
    for parent, territories in document["territory_parent"].items():
        assert expand([parent, *territories]) == {parent, *territories}


def test_codes_and_groups_expand_together(groups: dict[str, CountryGroup]) -> None:
    assert expand(["US", "UA-43", "XK", "ear_e2"], groups) == {"US", "UA-43", "XK", "CU"}
    assert expand([]) == frozenset()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("UK", "'UK': write GB"),
        ("us", "'us': write US"),
        ("USA", "'USA': write US"),
        ("XX", "'XX': expected ISO 3166-1 alpha-2"),
        ("UA-9999", "'UA-9999': expected ISO 3166-1 alpha-2"),
        ("ear_d9", "'ear_d9': expected ISO 3166-1 alpha-2, ISO 3166-2 or the name of a country group"),
        ("", "'': expected"),
        (False, 'quote codes ("NO")'),
        (["US"], "quote codes"),
    ],
)
def test_what_is_neither_code_nor_group_is_refused_with_the_right_form(groups: dict[str, CountryGroup], name: object, said: str) -> None:
    with pytest.raises(ValueError, match="unknown country code or group") as refusal:
        expand(["US", name], groups)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ({"mine": {"members": ["DE", False]}}, "country group 'mine': Expected `str`, got `bool` - at `$.members[1]`; quote codes"),
        ({"mine": {"membres": ["DE"]}}, "country group 'mine': Object contains unknown field `membres`"),
        ({"mine": {"members": ["UK"]}}, "country group 'mine': unknown country code or group 'UK': write GB"),
        ({"mine": {"members": []}}, "country group 'mine' is empty"),
        ({"mine": {"members": ["DE"], "include": ["other"]}}, "country group 'mine': unknown group 'other'"),
        ({"mine": {"include": ["other"]}, "other": {"include": ["mine"]}}, "includes itself: mine -> other -> mine"),
        ({"mine": {"members": ["CN"], "territory_rule": "ear"}}, "country group 'mine': unknown territory_rule 'ear'"),
        ({"mine": {"derive": "everything"}}, "country group 'mine': derive is written"),
        ({"mine": {"derive": "all_iso - other"}}, "country group 'mine': unknown group 'other'"),
        ({"US": {"members": ["US"]}}, "country group 'US': names are lower-case"),
        ({"ua-43": {"members": ["UA"]}}, "country group 'ua-43': names are lower-case"),
        ({"mine": ["DE"]}, "country group 'mine': Expected `object`, got `array`"),
        ({"mine": {"members": ["DE"], "review_by": "soon"}}, "country group 'mine': Invalid RFC3339 encoded date"),
        ([], "country groups: Expected `object`, got `array`"),
    ],
)
def test_a_bad_file_is_refused_by_name(groups: Any, said: str) -> None:
    with pytest.raises(ValueError, match="country group") as refusal:
        read_groups({"groups": groups})
    assert said in str(refusal.value)


def test_a_group_of_one_s_own_needs_no_more_than_members() -> None:
    mine = read_groups(
        {"groups": {"mine": {"members": ["DE"], "as_of": "2026-11-24"}, "more": {"include": ["mine"], "regions": ["UA-43"]}}}
    )
    assert mine["more"].codes == {"DE", "UA-43"}


@pytest.mark.parametrize("document", [{}, {"groups": {}, "schema": 2}, {"groups": {}, "group": {}}])
def test_a_file_of_another_form_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^country groups: "):
        read_groups(document)
