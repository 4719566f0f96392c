"""The files of the journal: whole lines, a new file each day and when one is full, and every failure survived."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.audit.journal_file import JournalFile

NOON = 1764072000.0
"""2025-11-25 12:00 UTC."""


class Clock:
    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[JournalFile]:
    file = JournalFile(str(tmp_path / "audit"), "w0", durable=True, clock=clock, largest=100)
    yield file
    file.close()


def content(tmp_path: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((tmp_path / "audit").glob("*.jsonl"))}


def test_lines_are_appended_in_a_private_place(tmp_path: Path, journal: JournalFile) -> None:
    journal.append(b"one\n")
    journal.append(b"two\nthree\n")
    assert content(tmp_path) == {"decisions-w0-20251125-0.jsonl": "one\ntwo\nthree\n"}
    (path,) = (tmp_path / "audit").iterdir()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_each_day_has_its_file(tmp_path: Path, journal: JournalFile, clock: Clock) -> None:
    journal.append(b"one\n")
    clock.now += 12 * 3600
    journal.append(b"two\n")
    assert content(tmp_path) == {"decisions-w0-20251125-0.jsonl": "one\n", "decisions-w0-20251126-0.jsonl": "two\n"}


def test_a_full_file_is_followed_by_the_next(tmp_path: Path, journal: JournalFile) -> None:
    for line in (b"a" * 99 + b"\n", b"b\n"):
        journal.append(line)
    assert list(content(tmp_path).values()) == ["a" * 99 + "\n", "b\n"]


def test_a_line_that_a_crash_cut_short_is_closed_off(tmp_path: Path, journal: JournalFile) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "decisions-w0-20251125-0.jsonl").write_text('whole\n{"cut sh')
    journal.append(b"next\n")
    assert content(tmp_path)["decisions-w0-20251125-0.jsonl"] == 'whole\n{"cut sh\nnext\n'


def test_a_worker_still_draining_under_the_same_name_keeps_its_file(tmp_path: Path, journal: JournalFile, clock: Clock) -> None:
    draining = JournalFile(str(tmp_path / "audit"), "w0", clock=clock)
    draining.append(b"old\n")
    journal.append(b"new\n")
    draining.append(b"old\n")
    draining.close()
    assert list(content(tmp_path).values()) == ["old\nold\n", "new\n"]


def test_a_full_disk_is_an_error_and_is_left_behind_once_there_is_room(tmp_path: Path, journal: JournalFile) -> None:
    path = tmp_path / "audit" / "decisions-w0-20251125-0.jsonl"
    path.parent.mkdir()
    path.symlink_to("/dev/full")
    for _ in range(100):
        with pytest.raises(OSError, match="No space left"):
            journal.append(b"one\n")
    path.unlink()
    journal.append(b"one\n")
    assert path.read_text() == "one\n"
    probe = os.dup(0)
    os.close(probe)
    assert probe < 60, "descriptors leak"


TORN = """
import resource, sys
from gateway.audit.journal_file import JournalFile
journal = JournalFile(sys.argv[1], "w0", clock=lambda: 1764072000.0)
lines = b"one\\ntwo\\nthree\\n"
resource.setrlimit(resource.RLIMIT_FSIZE, (6, -1))
for _ in range(2):
    try:
        journal.append(lines)
    except OSError as error:
        print(error.strerror)
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
journal.append(lines)
journal.append(b"four\\n")
"""
"""The limit on file sizes stands in for a disk that fills up in the middle of a line."""


def test_a_line_that_a_full_disk_cut_short_is_closed_off_and_written_again(tmp_path: Path) -> None:
    told = subprocess.run([sys.executable, "-c", TORN, str(tmp_path / "audit")], capture_output=True, text=True, check=True, timeout=30)
    assert told.stdout == "File too large\n" * 2
    assert list(content(tmp_path).values()) == ["one\ntw\ntwo\nthree\nfour\n"]
