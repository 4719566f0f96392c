"""YAML of free shape: plain values, no repeated keys."""

from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings.document import read_mapping


def test_a_mapping_comes_as_plain_values(tmp_path: Path) -> None:
    file = tmp_path / "groups.yaml"
    file.write_text('groups: {a: {members: [DE, "NO"]}}\n', encoding="utf-8")
    assert read_mapping(file) == {"groups": {"a": {"members": ["DE", "NO"]}}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "c: the key is written twice"),
        ("[1]", "expected a mapping"),
        ("", "expected a mapping"),
        ("a: [", ":1: not readable as YAML"),
        ("a: 2026-99-99", "not readable as YAML"),
        ("a: !!python/name:os.system x", "not readable as YAML"),
        ("a: " + "[" * 5000, "not readable as YAML"),
    ],
)
def test_whatever_else_is_refused_with_its_file(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "groups.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"groups\.yaml") as caught:
        read_mapping(file)
    assert words in str(caught.value)
