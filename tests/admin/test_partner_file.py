"""Allowlists as files: there and back again, and what is said about mistakes."""

import json
from datetime import UTC, datetime

import pytest

from gateway.admin.commands import RemovePartner
from gateway.admin.partner_file import compare, read_partners, write_partners
from gateway.errors import CommandError, SettingsError
from gateway.policy.snapshot import Model
from gateway.settings.shape import Issuer, Keys

ISSUER = Issuer(name="corp", issuer="https://corp.example", audience=("a",), keys=Keys())
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CATALOGUE = {"frontier-1": Model(id="frontier-1", upstream="main")}
YAML = """\
partners:
  - {model: frontier-1, organisation: org_acme, until: "2026-12-31", authority: annex A, waive: [hosting]}
  - model: frontier-1
    organisation: org_beta
    covers_foreign_persons: true
    ownership: [{country: DE, percent: 60}]
"""
CSV = """\
model,organisation,until,authority,waive,covers_foreign_persons,ownership
frontier-1,org_acme,2026-12-31,annex A,hosting,,
frontier-1,org_beta,,,,true,DE:60
"""


def read(text: str, file: str = "partners.yaml") -> dict[str, object]:
    return {command.organisation: command.grant for command in read_partners(text, file, CATALOGUE, (ISSUER,), frozenset, NOW)}


def stored(text: str) -> dict[str, dict[str, str]]:
    return {"frontier-1": {name: json.dumps(grant) for name, grant in read(text).items()}}


def test_both_spellings_say_the_same() -> None:
    assert read(YAML) == read(CSV, "partners.csv")
    assert read(YAML)["org_beta"] == {"covers_foreign_persons": True, "ownership": [{"country": "DE", "percent": 60.0}]}


@pytest.mark.parametrize("as_csv", [True, False])
def test_what_is_exported_is_imported_without_a_difference(as_csv: bool) -> None:
    kept = stored(YAML)
    text = write_partners(kept, as_csv=as_csv)
    wanted = read_partners(text, "p.csv" if as_csv else "p.yaml", CATALOGUE, (ISSUER,), frozenset, NOW)
    assert compare(wanted, kept, prune=True)[1] == []


def test_only_differences_are_made_and_pruning_removes() -> None:
    wanted = read_partners(YAML, "p.yaml", CATALOGUE, (ISSUER,), frozenset, NOW)
    before = {"frontier-1": {**stored(YAML)["frontier-1"], "org_beta": "{}", "org_old": "nonsense"}}
    command, rows = compare(wanted, before, prune=True, reason="yearly")
    assert [(row["what"], row["organisation"]) for row in rows] == [("change", "org_beta"), ("remove", "org_old")]
    assert rows[0]["before"] == {}
    assert command.steps[1] == RemovePartner("frontier-1", "org_old", "yearly")
    assert compare(wanted, before, prune=False)[0].steps == command.steps[:1]
    assert [row["what"] for row in compare(wanted, {}, prune=True)[1]] == ["add", "add"]


MISTAKES = {
    "org_beta": ("org_acme", "org_acme is on the list of frontier-1 already"),
    "model: frontier-1\n": ("model: frontier-9\n", "p.yaml:3: partners[1]: model 'frontier-9' is not in the catalogue"),
    "organisation: org_beta": (
        "organisation: no/org_beta",
        "p.yaml:3: partners[1]: organisation 'no/org_beta': the settings have no issuer 'no'",
    ),
    "[hosting]": ("[host]", "Write one of: anonymizer, hosting"),
    "percent: 60": ("percent: 600", "p.yaml:6: partners[1].ownership[0].percent"),
    "country: DE": ("country: XX", "p.yaml:3: partners[1]: ownership"),
    "authority: annex A": ("authoriti: annex A", "Did you mean authority?"),
}


@pytest.mark.parametrize("right", MISTAKES)
def test_a_mistake_is_named_with_its_line(right: str) -> None:
    wrong, said = MISTAKES[right]
    assert right in YAML
    with pytest.raises(SettingsError) as refused:
        read(YAML.replace(right, wrong), "p.yaml")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("ownership\n", "owner\n", "p.csv:1: no such column: 'owner'. Known: model, organisation, from"),
        ("model,", "reason,", "p.csv:1: the head, which is the first line, lacks model. Known"),
        ("ownership\n", "authority\n", "p.csv:1: the head names a column twice"),
        (CSV.splitlines()[0], CSV.splitlines()[0].replace(",", ";"), "p.csv:1: columns are separated by commas"),
        ("DE:60", "DE", "Write DE:60 US:40"),
        (",true,", ",yes,", "p.csv:3: covers_foreign_persons: expected true or false, got 'yes'. Leave the cell empty for false"),
        (",,,,true", ",,true", "p.csv:3: 5 cells, and the head names 7 columns"),
    ],
)
def test_a_mistake_in_a_table_too(right: str, wrong: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(CSV.replace(right, wrong), "p.csv")
    assert said in str(refused.value)


def test_a_share_is_exported_to_the_last_digit() -> None:
    grant = {"ownership": [{"country": "DE", "percent": 49.9999999}]}
    kept = {"frontier-1": {"org_beta": json.dumps(grant)}}
    assert read(write_partners(kept, as_csv=True), "p.csv") == {"org_beta": grant}


def test_a_table_of_empty_lines_names_nobody() -> None:
    assert read("model,organisation\n\n,\n", "p.csv") == {}


def test_a_table_as_a_spreadsheet_leaves_it() -> None:
    saved = "\ufeff" + CSV.replace("true", "TRUE").replace("\n", "\r\n") + ",,,,,,,,\r\n\r\n"
    assert read(saved.removeprefix("\ufeff"), "p.csv") == read(CSV, "p.csv")


def test_csv_has_no_place_for_conditions_nor_any_file_for_what_did_not_parse() -> None:
    with pytest.raises(CommandError, match="has limits"):
        write_partners({"frontier-1": {"org_a": '{"limits":{"concurrent":2}}'}}, as_csv=True)
    with pytest.raises(CommandError, match="conditions"):
        write_partners({"frontier-1": {"org_a": '{"conditions":{"us_person":true}}'}}, as_csv=True)
    with pytest.raises(CommandError, match="did not parse"):
        write_partners({"frontier-1": {"org_a": "yes"}}, as_csv=False)
