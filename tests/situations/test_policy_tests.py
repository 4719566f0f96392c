"""The shipped policy tests come out as they say, and the verb tells when one does not."""

import json
import time
from pathlib import Path

import pytest
from support.mmdb import write_mmdb

from gateway.cli import main

LIBRARY = Path(__file__).parents[2] / "config" / "policy-tests"
SOME_CASE = 'claims: {}, model: m, at: "2026-07-01T00:00:00Z", expect: deny'
FILES = sorted(file for file in LIBRARY.glob("*.yaml") if file.name != "settings.yaml")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_the_library_comes_out_as_it_says(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "test", str(file), "--json"]) == 0, capsys.readouterr().out
    assert json.loads(capsys.readouterr().out)["cases"]


def test_between_them_they_reach_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    reached: set[str] = set()
    known: set[str] = set()
    for file in FILES:
        main(["policy", "test", str(file), "--json"])
        covered = json.loads(capsys.readouterr().out)["covered"]
        known |= covered.keys()
        reached |= {rule for rule, cases in covered.items() if cases}
    assert known == reached


def test_a_case_that_comes_out_otherwise_fails_and_a_rule_that_none_reaches_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "test.yaml"
    case = 'claims: {sub: a, org_id: org_a, nationalities: [DE]}, model: open-1, at: "2026-07-01T00:00:00Z"'
    cases = f"- {{name: refused, {case}, expect: deny}}\n- {{name: let in, {case}, expect: permit}}\n"
    file.write_text(f"settings: {LIBRARY / 'settings.yaml'}\ncases:\n{cases}")
    assert main(["policy", "test", str(file)]) == 1
    said = capsys.readouterr().out
    assert "expected deny, got permit" in said
    assert "1 of 2 cases as expected" in said
    assert "no case reaches: model:frontier-1:nationality" in said


def test_an_address_is_looked_up_as_the_gate_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mmdb(tmp_path / "c.mmdb", built_at=int(time.time()))
    text = (LIBRARY / "settings.yaml").read_text().replace("../country_groups.yaml", str(LIBRARY.parent / "country_groups.yaml"))
    regions = "restrictions: {region: {any_in: [UA-43]}}"
    text = text.replace("{id: frontier-2, upstream: inference}", f"{{id: frontier-2, upstream: inference, {regions}}}")
    (tmp_path / "settings.yaml").write_text(f"{text}geolocation: {{file: c.mmdb}}\n")
    case = 'claims: {sub: a, org_id: org_a}, model: frontier-2, at: "2026-07-01T00:00:00Z"'
    cases = [
        f"- {{name: London, {case}, address: 81.2.69.142, expect: permit}}",
        f"- {{name: Crimea, {case}, address: 85.114.64.1, expect: deny, reasons: [region_restricted]}}",
        f"- {{name: sources that disagree, {case}, address: 81.2.69.142, country: XX, expect: deny, reasons: [region_unknown]}}",
        f"- {{name: at home, {case}, address: 127.0.0.1, expect: deny, reasons: [region_unknown]}}",
    ]
    file = tmp_path / "test.yaml"
    head = "settings: settings.yaml\npolicy: {stages: {frontier-2: {stage: general}}}\ncases:\n"
    file.write_text(head + "\n".join(cases))
    assert main(["policy", "test", str(file)]) == 0, capsys.readouterr().out
    file.write_text(head + f"- {{name: nowhere, {case}, address: somewhere, expect: deny}}\n")
    assert main(["policy", "test", str(file)]) == 1
    assert "'somewhere' is no address" in capsys.readouterr().err
    file.write_text(head + f"- {{name: twice, {case}, address: 81.2.69.142, hosting: true, expect: deny}}\n")
    assert main(["policy", "test", str(file)]) == 1
    assert "Remove them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cases: [{name: a}]", "test.yaml:1: cases[0].claims: missing. Write: claims"),
        ("cases: [{name: a, claims: {nationalities: [NO]}, model: m, at: x, expect: deny}]", 'write it in quotes: "NO"'),
        ("cases: [{name: a, claims: {}, model: m, at: tomorrow, expect: deny}]", "RFC 3339"),
        (
            "cases: [{name: a, CASE, issuer: x}]",
            "issuer 'x' is not in the settings",
        ),
        (
            "{policy: {grants: {frontier-1: {org_a: {untill: 1}}}}, cases: [{name: a, CASE}]}",
            "untill",
        ),
        (
            "{policy: {grants: {frontier-9: {}}}, cases: [{name: a, CASE}]}",
            "frontier-9",
        ),
    ],
)
def test_a_file_that_makes_no_sense_says_so(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(text.replace("CASE", SOME_CASE))
    assert main(["policy", "test", str(file), "--config", str(LIBRARY / "settings.yaml")]) in {1, 2}
    assert said in capsys.readouterr().err
