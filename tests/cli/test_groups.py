"""`gateway groups`: a table, JSON, and warnings where they do not disturb either."""

import json
from pathlib import Path

import pytest

from gateway.cli import main

ROOT = Path(__file__).parents[2]
SETTINGS = str(ROOT / "config" / "gateway.yaml")
OLD = 'groups: {old: {title: Old, members: [KP, "NO"], as_of: 2020-01-01, review_by: 2021-01-01, confidence: low, citation: a list}}\n'


@pytest.fixture
def old(tmp_path: Path) -> Path:
    (tmp_path / "groups.yaml").write_text(OLD, encoding="utf-8")
    text = (ROOT / "config" / "demo.yaml").read_text(encoding="utf-8").replace("any_in: [KP]", "any_in: [old]")
    (tmp_path / "gateway.yaml").write_text("country_groups: groups.yaml\n" + text, encoding="utf-8")
    return tmp_path


def test_the_shipped_groups_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["groups", "list", "--config", SETTINGS, "--json"]) == 0
    rows = {row["group"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["ear_e1"]["used_by"] == ["frontier-1"]
    assert rows["nato_32"]["codes"] == 32
    assert main(["groups", "list", "--config", SETTINGS]) == 0
    assert "ear_d5" in capsys.readouterr().out


def test_groups_in_use_that_are_doubtful_are_warned_about(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["groups", "list", "--config", str(old / "gateway.yaml")]) == 0
    shown = capsys.readouterr()
    assert "overdue" in shown.out
    assert "warning: old: past its review date 2021-01-01" in shown.err
    assert "warning: old: confidence is low; check it against a list" in shown.err
    assert main(["groups", "list", "--config", str(old / "gateway.yaml"), "--json"]) == 0
    assert capsys.readouterr().err == ""


def test_a_file_can_be_looked_at_without_settings(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["groups", "explain", "NO", "--file", str(old / "groups.yaml"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["country"], [row["group"] for row in told["groups"]]) == ("Norway", ["old"])
    assert main(["groups", "explain", "old", "--file", str(old / "groups.yaml")]) == 0
    shown = capsys.readouterr()
    assert "Norway" in shown.out
    assert "warning: old: past its review date" in shown.err
    assert main(["groups", "explain", "FR", "--file", str(old / "groups.yaml")]) == 0
    assert "No group holds it." in capsys.readouterr().out


def test_what_is_no_group_is_refused_and_no_file_is_bad_usage(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["groups", "explain", "older", "--file", str(old / "groups.yaml")]) == 1
    assert "Groups near it: old" in capsys.readouterr().err
    assert main(["groups", "list", "--config", str(ROOT / "config" / "demo.yaml")]) == 2
    assert "country_groups: country_groups.yaml" in capsys.readouterr().err
    (old / "groups.yaml").write_text("groups: {old: {members: [KP, NO]}}\n", encoding="utf-8")
    assert main(["groups", "list", "--file", str(old / "groups.yaml")]) == 2
    assert "quote codes" in capsys.readouterr().err
