"""Who is dead, and who only looks so."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from gateway.neighbours import Neighbours, machine
from gateway.store.report import Report, encode_report

HERE = machine()
pytestmark = pytest.mark.skipif(not HERE, reason="this system cannot tell whether a neighbour shares its processes")


class Entries(dict[str, bytes]):
    """The hash, in memory."""

    async def read(self) -> dict[str, bytes]:
        return dict(self)

    async def remove(self, *workers: str) -> None:
        for worker in workers:
            self.pop(worker, None)


def entry(*, pid: int, where: str = HERE, expires_after: float = 1000.0, reported_at: float = 1.0) -> bytes:
    return encode_report(
        Report(
            worker="w1",
            host="gate",
            pid=pid,
            machine=where,
            version="1",
            started_at=1.0,
            reported_at=reported_at,
            expires_after=expires_after,
            up=True,
            revision=1,
            digest="d",
        )
    )


@pytest.fixture
def ended() -> int:
    """The number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


async def looking(neighbours: Neighbours, until: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not until():
            await neighbours.look()
            await asyncio.sleep(0.005)


async def test_a_process_of_this_machine_that_is_no_more_is_removed_at_once(ended: int) -> None:
    entries = Entries(dead=entry(pid=ended), alive=entry(pid=os.getpid()), own=entry(pid=ended))
    await Neighbours(entries, "own", 0.0).look()
    assert entries.keys() == {"alive", "own"}


@pytest.mark.parametrize("where", ["another", ""])
async def test_of_another_machine_only_silence_tells(ended: int, where: str) -> None:
    entries = Entries(far=entry(pid=ended, where=where), silent=entry(pid=os.getpid(), expires_after=0.05))
    neighbours = Neighbours(entries, "own", 0.0)
    await neighbours.look()
    assert entries.keys() == {"far", "silent"}
    await looking(neighbours, lambda: "silent" not in entries)
    assert entries.keys() == {"far"}


async def test_an_entry_that_changes_is_of_one_who_lives_whatever_its_clock_says() -> None:
    entries = Entries(skewed=entry(pid=os.getpid(), expires_after=0.05))
    neighbours = Neighbours(entries, "own", 0.0)
    end = asyncio.get_running_loop().time() + 0.3
    while asyncio.get_running_loop().time() < end:
        entries["skewed"] = entry(pid=os.getpid(), expires_after=0.05, reported_at=-asyncio.get_running_loop().time())
        await neighbours.look()
        await asyncio.sleep(0.01)
    assert "skewed" in entries
    await looking(neighbours, lambda: not entries)


async def test_what_cannot_be_read_is_left_for_a_while() -> None:
    entries = Entries(garbage=b"{")
    await Neighbours(entries, "own", 0.0).look()
    assert "garbage" in entries


async def test_of_many_not_everyone_looks_every_time(ended: int) -> None:
    entries = Entries({f"w{number}": entry(pid=os.getpid()) for number in range(16)})
    neighbours = Neighbours(entries, "own", 60.0)
    await neighbours.look()
    entries["dead"] = entry(pid=ended)
    await neighbours.look()
    assert "dead" in entries


async def test_the_living_are_counted(ended: int) -> None:
    entries = Entries(me=entry(pid=os.getpid()), other=entry(pid=os.getpid()), dead=entry(pid=ended), elsewhere=entry(pid=ended, where="x"))
    neighbours = Neighbours(entries, "me", 1.0)
    assert neighbours.living == 0
    await neighbours.look()
    assert neighbours.living == 2
