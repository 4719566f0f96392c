"""What the kernel counts for a process and its children: CPU seconds, memory, threads' cores."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

from bench.cores import TICK

PROC = Path("/proc")


def family(pid: int) -> list[int]:
    """List a process and all of its descendants that live now."""
    members, waiting = [], [pid]
    while waiting:
        member = waiting.pop()
        members.append(member)
        with contextlib.suppress(OSError):
            for children in (PROC / str(member) / "task").glob("*/children"):
                waiting.extend(map(int, children.read_text().split()))
    return members


def cpu_seconds(pids: Iterable[int]) -> float:
    """Sum user and system time of processes; a process that is gone counts nothing."""
    return sum(cpu_parts(pids))


def cpu_parts(pids: Iterable[int]) -> tuple[float, float]:
    """User and system seconds of processes (utime and stime of /proc/PID/stat, proc(5))."""
    user = system = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            user, system = user + int(fields[11]), system + int(fields[12])
    return user * TICK, system * TICK


def pss_bytes(pid: int) -> int:
    """Proportional set size: the memory that would come back if this process alone ended (proc(5), smaps_rollup)."""
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def name_of(pid: int) -> str:
    """Give the program's short name, or nothing for a process that is gone."""
    with contextlib.suppress(OSError):
        return (PROC / str(pid) / "comm").read_text().strip()
    return ""
