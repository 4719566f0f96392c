"""What has no shape of its own is read in one way only, or refused with the right form."""

from typing import Any

import pytest
import yaml

from gateway.settings.free_form import FreeForm
from gateway.settings.problems import Problem


def read(text: str) -> tuple[Any, list[Problem]]:
    problems: list[Problem] = []
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert node is not None
    return FreeForm(problems).value(node, "claims"), problems


def test_what_json_can_say_is_read() -> None:
    said = '{a: text, b: "NO", c: true, d: 5, e: -1.5, f: null, g: [DE, {h: []}], "2026": x, NO: y, i: &same [1], j: *same}'
    plain = {"a": "text", "b": "NO", "c": True, "d": 5, "e": -1.5, "f": None, "g": ["DE", {"h": []}]}
    assert read(said) == (plain | {"2026": "x", "NO": "y", "i": [1], "j": [1]}, [])


@pytest.mark.parametrize("word", ["NO", "yes", "off", "True", "2026-12-01", "010", "1:30", "0x1F", ".inf", "1_000"])
def test_what_yaml_makes_of_a_word_is_refused(word: str) -> None:
    _, (problem,) = read(f"nationalities: [DE, {word}]")
    assert problem.path == "claims.nationalities[1]"
    assert f'write it in quotes: "{word}"' in problem.text


def test_neither_repeated_keys_nor_endless_nesting() -> None:
    assert "written twice" in read("{a: 1, a: 2}")[1][0].text
    assert "nested more than" in read("[" * 80 + "]" * 80)[1][0].text
    assert "nested more than" in read("&a [*a]")[1][0].text
