import json
from pathlib import Path

import pytest

from gateway.cli import main

ROOT = Path(__file__).parents[2]


def test_the_shipped_settings_are_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", str(ROOT / "config" / "demo.yaml")]) == 0
    assert "good; 2 models" in capsys.readouterr().out


def test_what_is_wrong_is_told_by_line_and_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "gateway.yaml"
    bad.write_text((ROOT / "config" / "demo.yaml").read_text().replace("gated: false", "gated: maybe"))
    assert main(["check-config", str(bad)]) == 1
    assert "gated" in capsys.readouterr().err
    assert main(["check-config", str(bad), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert "true or false" in told["problems"][0]


def test_a_file_that_is_not_there_is_bad_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", str(tmp_path / "none.yaml")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_secrets_are_demanded_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "gateway.yaml"
    settings.write_text((ROOT / "config" / "demo.yaml").read_text())
    assert main(["check-config", str(settings)]) == 0
    assert main(["check-config", str(settings), "--secrets"]) == 1
    assert "upstream.key" in capsys.readouterr().err


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert "$defs" in json.loads(capsys.readouterr().out)


def test_what_is_hardly_meant_is_warned_about_and_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    groups = "groups: {old: {members: [KP], as_of: 2020-01-01, review_by: 2021-01-01}}\n"
    (tmp_path / "groups.yaml").write_text(groups, encoding="utf-8")
    text = (ROOT / "config" / "demo.yaml").read_text(encoding="utf-8").replace("nationality: { any_in: [KP] }", "deny_hosting: true")
    settings = tmp_path / "gateway.yaml"
    settings.write_text("country_groups: groups.yaml\n" + text.replace("any_in: [KP]", "any_in: [old]"), encoding="utf-8")
    assert main(["check-config", str(settings)]) == 0
    shown = capsys.readouterr()
    assert "good; 2 models" in shown.out
    assert "warning: models[0].restrictions.deny_hosting: nothing says it" in shown.err
    assert "warning: country group old: to be reviewed by 2021-01-01" in shown.err
    assert main(["check-config", str(settings), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["warnings"]) == 2
