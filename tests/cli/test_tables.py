import json

import pytest

from gateway.cli.tables import show_facts, show_rows

ROWS = [
    {"model": "frontier-1", "hidden": True, "waive": ["hosting"], "until": None},
    {"model": "[bold]", "hidden": False, "waive": [], "until": "x" * 300},
]


def test_scripts_get_every_field_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(ROWS, ("model",), as_json=True, title="Models", nothing="none")
    assert json.loads(capsys.readouterr().out) == ROWS


def test_no_rows_are_an_empty_array_for_scripts_and_a_sentence_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([], ("model",), as_json=True, title="Models", nothing="none here")
    assert json.loads(capsys.readouterr().out) == []
    show_rows([], ("model",), as_json=False, title="Models", nothing="none here")
    assert capsys.readouterr().out == "none here\n"


def test_people_get_words_and_no_markup_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(ROWS, ("model", "hidden", "waive", "until"), as_json=False, title="Models", nothing="none")
    shown = capsys.readouterr().out
    assert "frontier-1" in shown
    assert "[bold]" in shown
    assert "yes" in shown
    assert "hosting" in shown
    assert "True" not in shown


def test_a_grant_without_conditions_is_not_no_grant(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{"before": None, "after": {}}], ("before", "after"), as_json=False, title="Changes", nothing="none")
    assert capsys.readouterr().out.splitlines()[-1].split() == ["-", "{}"]


def test_facts_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    show_facts({"revision": 7, "entries": {"grants": 2, "stages": 0}, "digest": ""}, as_json=False)
    assert capsys.readouterr().out.splitlines() == ["revision  7", "entries   grants 2, stages 0", "digest    -"]
    show_facts({"revision": 7}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"revision": 7}
