"""What operators are told of country groups: why a code is in one, and what is doubtful."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from gateway.admin.country_book import explain, group_rows, reasons, warnings_of
from gateway.errors import CommandError
from gateway.policy.gazetteer import Gazetteer
from gateway.policy.groups import read_groups

SHIPPED = Path(__file__).parents[2] / "config" / "country_groups.yaml"
REVIEWED, OVERDUE = date(2026, 12, 1), date(2027, 1, 9)
USERS = {"ear_d5": ("frontier-1",)}


@pytest.fixture(scope="module")
def groups() -> Gazetteer:
    return read_groups(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))


def test_every_group_is_listed_with_its_age_and_who_relies_on_it(groups: Gazetteer) -> None:
    rows = {row["group"]: row for row in group_rows(groups, USERS, REVIEWED)}
    assert list(rows) == list(groups)
    assert {row["state"] for row in rows.values()} == {"current"}
    assert rows["ear_d5"] == {
        "group": "ear_d5",
        "title": "EAR D:5 — U.S. arms-embargoed (follows 22 CFR 126.1)",
        "codes": 23,
        "as_of": "2026-07-08",
        "review_by": "2027-01-08",
        "state": "current",
        "confidence": "medium",
        "status": "",
        "used_by": ["frontier-1"],
    }
    later = {row["group"]: row["state"] for row in group_rows(groups, USERS, OVERDUE)}
    assert (later["ear_d5"], later["ear_a1"], later["five_eyes"]) == ("overdue", "current", "current")


@pytest.mark.parametrize(
    ("group", "code", "why"),
    [
        ("ear_d5", "CN", ("member",)),
        ("ear_d5", "HK", ("counted to CN by ear_china",)),
        ("ear_d5", "MO", ()),
        ("us_embargoed_regions", "UA-43", ("region",)),
        ("ear_744_22_military_intelligence", "IR", ("in ear_e1",)),
        ("ear_b", "DE", ("derived: all_iso - ear_d1 - ear_e1 - ear_e2",)),
        ("ear_b", "IR", ()),
    ],
)
def test_each_code_is_in_a_group_for_a_reason(groups: Gazetteer, group: str, code: str, why: tuple[str, ...]) -> None:
    assert reasons(group, code, groups) == why


def test_no_code_is_in_a_group_for_no_reason(groups: Gazetteer) -> None:
    for name, group in groups.items():
        assert all(reasons(name, code, groups) for code in group.codes), name


@pytest.mark.parametrize(
    ("group", "today", "said"),
    [
        ("ear_d5", REVIEWED, ["ET is disputed", "CY is disputed"]),
        ("ear_d1", OVERDUE, ["past its review date 2027-01-08; the list may have changed since 2026-07-08"]),
        ("ear_744_22_military_intelligence", REVIEWED, ["confidence is low; check it against 15 CFR 744.22"]),
        ("us_embargoed_regions", REVIEWED, ["only a part of UA-14", "only a part of UA-09"]),
        ("ai_diffusion_allies_2025", REVIEWED, ["confidence is low", "status not_enforced"]),
        ("five_eyes", REVIEWED, []),
    ],
)
def test_what_is_doubtful_is_said(groups: Gazetteer, group: str, today: date, said: list[str]) -> None:
    texts = list(warnings_of(group, groups[group], today))
    assert len(texts) == len(said)
    assert all(words in text for words, text in zip(said, texts, strict=True))


def test_a_group_made_of_one_that_is_overdue_is_overdue() -> None:
    made = read_groups(
        {"groups": {"old": {"members": ["KP"], "review_by": "2026-01-01"}, "new": {"include": ["old"], "review_by": "2030-01-01"}}}
    )
    assert [row["state"] for row in group_rows(made, {}, REVIEWED)] == ["overdue", "overdue"]
    assert list(warnings_of("new", made["new"], REVIEWED)) == ["new: a group that it is made of is past its review date 2026-01-01"]


def test_a_group_is_explained_with_its_source_and_every_code(groups: Gazetteer) -> None:
    told = explain("us_embargoed_regions", groups, {}, REVIEWED)
    assert told["citation"].startswith("15 CFR 746.6")
    assert told["source"] == ["ofac_faq_1009", "iso_codes"]
    assert told["contents"][0] == {"code": "UA-09", "country": "part of Ukraine", "because": "region"}
    assert explain("five_eyes", groups, {}, REVIEWED)["source"] == []


@pytest.mark.parametrize("word", ["HK", "hk", "HKG"])
def test_a_code_is_explained_by_the_groups_that_hold_it(groups: Gazetteer, word: str) -> None:
    told = explain(word, groups, USERS, REVIEWED)
    assert (told["code"], told["country"], told["territory_of"], told["territories"]) == ("HK", "Hong Kong", ["CN"], [])
    assert {row["group"] for row in told["groups"]} == {name for name, group in groups.items() if "HK" in group.codes}
    assert explain("US", groups, {}, REVIEWED)["territories"] == ["PR", "GU", "VI", "AS", "MP", "UM"]


def test_a_disputed_code_is_told_even_by_groups_that_do_not_hold_it(groups: Gazetteer) -> None:
    (text,) = explain("ET", groups, {}, REVIEWED)["warnings"]
    assert text.startswith("ear_d5: ET is disputed")


def test_a_part_of_a_country_is_a_code_too(groups: Gazetteer) -> None:
    assert [row["group"] for row in explain("ua-65", groups, {}, REVIEWED)["groups"]] == ["eu_restricted_regions"]


def test_a_lesser_class_is_told_and_what_names_no_country_too(groups: Gazetteer) -> None:
    assert explain("GBN", groups, {}, REVIEWED)["class"].startswith("bno: caught by deny lists")
    assert explain("GB", groups, {}, REVIEWED)["class"] is None
    for word, kind in (("XXA", "stateless"), ("XXB", "refugee"), ("UNO", "organisation")):
        with pytest.raises(CommandError, match=rf"names no country \({kind}\): it is unknown to every rule"):
            explain(word, groups, {}, REVIEWED)


@pytest.mark.parametrize(("word", "hint"), [("ear_d", "Groups near it: ear_d"), ("XX", "groups list"), ("840", "groups list")])
def test_what_is_neither_is_answered_with_the_nearest(groups: Gazetteer, word: str, hint: str) -> None:
    with pytest.raises(CommandError, match=hint):
        explain(word, groups, {}, REVIEWED)
