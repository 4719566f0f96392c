"""Names of groups become codes: with their territories where a rule asks for them, and with the date until which they are good."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.policy.gazetteer import NO_GROUPS, Gazetteer, midnight_after, parts_of
from gateway.policy.groups import read_groups

SHIPPED = Path(__file__).parents[2] / "config" / "country_groups.yaml"


@pytest.fixture(scope="module")
def shipped() -> Gazetteer:
    return read_groups(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))


def book(groups: Mapping[str, Any]) -> Gazetteer:
    return read_groups({"groups": groups, "territory_parent": {"US": ["PR", "GU"], "CN": ["HK", "MO"]}})


def test_it_is_a_mapping_and_expands() -> None:
    mine = book({"mine": {"members": ["DE", "US"]}, "yours": {"members": ["FR"]}})
    assert (len(mine), list(mine)) == (2, ["mine", "yours"])
    assert mine["mine"].codes == {"DE", "US"}
    assert mine(["mine", "FR"]) == {"DE", "US", "FR"}
    assert repr(mine) == "<Gazetteer 2 groups>"
    with pytest.raises(ValueError, match="unknown country code or group 'ours'"):
        mine(["ours"], territories=True)


def test_territories_count_only_where_they_are_asked_for() -> None:
    mine = book({"mine": {"members": ["DE", "US"]}})
    assert mine(["mine"], territories=True) == {"DE", "US", "PR", "GU"}
    assert mine(["PR"], territories=True) == {"PR"}
    assert NO_GROUPS(["US"], territories=True) == {"US"}


def test_the_shipped_file_knows_the_territories(shipped: Gazetteer) -> None:
    assert shipped(["US"], territories=True) == {"US", "PR", "GU", "VI", "AS", "MP", "UM"}
    assert shipped(["CN"], territories=True) - shipped(["CN"]) == {"HK", "MO"}
    assert shipped(["NO"], territories=True) == {"NO", "SJ"}
    assert "PR" not in shipped(["five_eyes"])
    assert "HK" in shipped(["ear_d5"])
    assert "MO" not in shipped(["ear_d5"])


def test_a_group_is_good_until_the_first_review_of_all_it_is_made_of() -> None:
    mine = book(
        {
            "inner": {"members": ["DE"], "review_by": "2026-03-01"},
            "outer": {"include": ["inner"], "members": ["FR"], "review_by": "2026-05-01"},
            "rest": {"derive": "all_iso - outer", "review_by": "2026-04-01"},
            "undated": {"members": ["GB"]},
        }
    )
    march, may = (datetime(2026, month, 2, tzinfo=UTC).timestamp() for month in (3, 5))
    assert mine.good_until(["outer"]) == mine.good_until(["rest"]) == mine.good_until(["undated", "outer", "DE"]) == march
    assert mine.good_until(["undated", "DE"]) == math.inf
    assert midnight_after(datetime(2026, 5, 1, tzinfo=UTC).date()) == may
    assert parts_of(mine["outer"]) == ("inner",)
    assert parts_of(mine["rest"]) == ("outer",)


def test_a_territory_that_is_no_country_is_refused() -> None:
    with pytest.raises(ValueError, match="country groups: territory_parent: unknown country code or group 'UK': write GB"):
        read_groups({"groups": {}, "territory_parent": {"UK": ["GI"]}})
    with pytest.raises(ValueError, match="bool"):
        read_groups({"groups": {}, "territory_parent": {False: ["SJ"]}})
