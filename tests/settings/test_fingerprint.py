"""Versions of a file are told apart without reading it."""

from pathlib import Path

from gateway.settings.fingerprint import GONE, fingerprint


def test_replacing_and_removing_a_file_shows(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "b"
    file.write_text("one", encoding="utf-8")
    other.write_text("two", encoding="utf-8")
    before = fingerprint(file, other)
    assert fingerprint(file, other) == before
    other.replace(file)
    assert fingerprint(file) == before[1:]
    assert fingerprint(file, other)[1] == GONE
