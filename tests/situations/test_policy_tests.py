"""The shipped policy tests come out as they say, and the verb tells when one does not."""

import json
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cases: [{name: a}]", "not a policy test"),
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
    assert main(["policy", "test", str(file), "--config", str(LIBRARY / "settings.yaml")]) == 1
    assert said in capsys.readouterr().err
