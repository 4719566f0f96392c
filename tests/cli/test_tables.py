import io
import json

import pytest
from rich.console import Console

from gateway.cli.tables import show_facts, show_rows, write_rows

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


CHANGES: list[dict[str, str | None]] = [
    {"key": "gateway:allowlist:frontier-1", "who": "operator@host-1 (asserted)", "why": ""},
    {"key": "gateway:allowlist:frontier-2", "who": "operator@host-2 (asserted)", "why": None},
]


def on_a_terminal(width: int) -> list[str]:
    out = io.StringIO()
    write_rows(Console(file=out, force_terminal=True, width=width, color_system=None), CHANGES, ("key", "who", "why"), "Changes")
    return [line.strip() for line in out.getvalue().splitlines() if line.strip()]


def test_on_a_terminal_columns_that_say_nothing_are_left_out() -> None:
    title, head, _, *lines = on_a_terminal(80)
    assert (title, head.split()) == ("Changes", ["key", "who"])
    assert [line.split()[0] for line in lines] == ["gateway:allowlist:frontier-1", "gateway:allowlist:frontier-2"]


def test_on_a_narrow_terminal_rows_come_one_by_one_and_no_name_is_folded() -> None:
    assert on_a_terminal(50) == [
        "Changes",
        "key  gateway:allowlist:frontier-1",
        "who  operator@host-1 (asserted)",
        "key  gateway:allowlist:frontier-2",
        "who  operator@host-2 (asserted)",
    ]


def test_what_stands_in_the_store_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    odd = "org\x1b[2Jacme \u202eno"
    show_rows([{"name": odd, "list": [odd], "grant": {odd: odd}}], ("name", "list", "grant"), as_json=False, title="", nothing="")
    show_facts({"store": odd}, as_json=False)
    shown = capsys.readouterr().out
    assert shown.count("org\\x1b[2Jacme \\u202eno") == 5
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_grant_without_conditions_is_not_no_grant(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{"before": None, "after": {}}], ("before", "after"), as_json=False, title="Changes", nothing="none")
    assert capsys.readouterr().out.splitlines()[-1].split() == ["-", "{}"]


def test_facts_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    show_facts({"revision": 7, "entries": {"grants": 2, "stages": 0}, "digest": ""}, as_json=False)
    assert capsys.readouterr().out.splitlines() == ["revision  7", "entries   grants 2, stages 0", "digest    -"]
    show_facts({"revision": 7}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"revision": 7}
