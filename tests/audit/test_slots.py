"""A full disk costs series, never the process and never a wrong number. The limit on file sizes stands in for the full disk."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.audit.slots import Slots

SCRIPT = """
import resource, sys
from pathlib import Path
from gateway.audit.slots import Slots
slots = Slots(Path(sys.argv[1]), "w1")
assert slots.allocate("early_total", ("a",), 1, 0.0) == 0
names = next(Path(sys.argv[1]).glob("*.names"))
room = names.stat().st_size + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (room, -1))
print([slots.allocate("late_total", ("b",), 1, 0.0) for _ in range(3)])
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
print(slots.allocate("later_total", ("c",), 1, 0.0))
print(names.read_text().count("late_total"), names.read_text().count("later_total"))
"""


@pytest.mark.parametrize("room", [0, 7], ids=["nothing more fits", "half a name fits"])
def test_a_name_that_does_not_fit_on_the_disk_is_not_given(tmp_path: Path, room: int) -> None:
    told = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path), str(room)], capture_output=True, text=True, check=True, timeout=30)
    assert told.stdout.splitlines() == ["[None, None, None]", "1", "0 1"]


def test_slots_are_given_in_order_until_none_is_left() -> None:
    slots = Slots(None, "w1", capacity=10)
    assert [slots.allocate("m", (str(n),), 4, 0.5) for n in range(3)] == [0, 4, None]
    assert slots.allocate("small", (), 2, 0.0) == 8
    assert list(slots.values) == [0.5, 0, 0, 0, 0.5, 0, 0, 0, 0, 0]
    assert repr(slots) == "<Slots 10/10 private>"


def test_room_on_disk_is_taken_before_it_is_named(tmp_path: Path) -> None:
    slots = Slots(tmp_path, "w1", capacity=100_000)
    for number in range(20_000):
        assert slots.allocate("m", (str(number),), 1, 1.0) is not None
    (values,) = tmp_path.glob("*.values")
    assert values.stat().st_blocks * 512 >= 20_000 * 8
    slots.close()
