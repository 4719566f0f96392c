"""The journal between requests and the disk: nothing waits, nothing is lost silently, and `required` means required."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.audit.journal import Journal
from gateway.settings.shape import Audit

BEST_EFFORT = Audit(directory="unused", mode="best_effort")
REQUIRED = Audit(directory="unused", mode="required")


class Disk:
    """A sink that fails, or stands still, when told to."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.failing = False
        self.turning = threading.Event()
        self.turning.set()
        self.asked = threading.Event()
        self.closed = False

    def append(self, lines: bytes) -> None:
        self.asked.set()
        assert self.turning.wait(20)
        if self.failing:
            raise OSError(28, "No space left on device")
        self.lines += lines.splitlines()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.turning.set()


@pytest.fixture
def required(disk: Disk) -> Iterator[Journal]:
    journal = Journal(REQUIRED, "w0", disk, most_pending=100)
    journal.start()
    yield journal
    disk.turning.set()
    journal.stop()


def until(condition: Callable[[], bool]) -> None:
    """Wait for another thread's doing, at most ten seconds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def test_records_reach_the_disk_in_order(required: Journal, disk: Disk) -> None:
    for number in range(50):
        assert required.write(b"%d" % number)
    until(lambda: required.records == 50)
    assert disk.lines == [b"%d" % number for number in range(50)]
    assert (required.pending, required.lag, required.dropped, required.failures) == (0, 0.0, 0, 0)


def test_a_failed_disk_stops_acceptance_and_its_return_resumes_it_with_nothing_lost(required: Journal, disk: Disk) -> None:
    assert required.accepting
    disk.failing = True
    required.write(b"first")
    until(lambda: not required.accepting)
    required.write(b"refused meanwhile")
    assert required.lag > 0
    assert required.failures >= 1
    disk.failing = False
    until(lambda: required.accepting)
    assert disk.lines == [b"first", b"refused meanwhile"]
    assert required.dropped == 0


def test_a_disk_that_stands_still_stops_acceptance_too(disk: Disk) -> None:
    journal = Journal(REQUIRED, "w0", disk, most_lag=0.2)
    journal.start()
    disk.turning.clear()
    journal.write(b"waits")
    until(lambda: not journal.accepting)
    assert journal.failures == 0
    disk.turning.set()
    until(lambda: journal.accepting)
    journal.stop()


def test_best_effort_goes_on_accepting_and_counts_what_it_drops(disk: Disk) -> None:
    journal = Journal(BEST_EFFORT, "w0", disk, most_pending=10)
    disk.failing = True
    journal.start()
    journal.write(b"first")
    until(lambda: journal.failures > 0)
    taken = [journal.write(b"more") for _ in range(15)]
    assert taken == [True] * 10 + [False] * 5
    assert journal.accepting
    assert (journal.pending, journal.dropped) == (11, 5)
    journal.stop()
    assert journal.dropped == 16
    assert disk.closed


def test_what_waits_is_written_before_the_end(disk: Disk) -> None:
    journal = Journal(BEST_EFFORT, "w0", disk)
    journal.start()
    for number in range(10_000):
        journal.write(b"%d" % number)
    journal.stop()
    assert len(disk.lines) == journal.records == 10_000
    assert disk.closed


def test_required_without_a_place_to_write_accepts_nothing() -> None:
    journal = Journal(Audit(mode="required"), "w0")
    journal.start()
    assert not journal.accepting
    journal.stop()


@pytest.mark.parametrize("settings", [Audit(mode="off", directory="somewhere"), Audit()], ids=["off", "no directory"])
def test_without_a_journal_records_cost_nothing(settings: Audit) -> None:
    journal = Journal(settings, "w0")
    journal.start()
    assert journal.write(b"one")
    assert journal.accepting
    assert journal.pending == 0
    journal.stop()
    assert not Path("somewhere").exists()


def test_on_a_real_disk_each_line_is_a_record(tmp_path: Path) -> None:
    journal = Journal(Audit(directory=str(tmp_path / "audit"), mode="required"), "w0")
    journal.start()
    for number in range(1000):
        journal.write(json.dumps({"n": number}).encode())
    journal.stop()
    (path,) = (tmp_path / "audit").iterdir()
    assert [json.loads(line)["n"] for line in path.read_text().splitlines()] == list(range(1000))


def test_its_face_says_how_it_is(required: Journal) -> None:
    assert repr(required) == "<Journal on 0 written, 0 wait, 0 dropped>"
