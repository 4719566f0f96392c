"""Which core serves and which one loads, and what each of them was busy with."""

import os
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.problem import BenchError

TICK: Final = 1.0 / os.sysconf("SC_CLK_TCK")
_NEEDED: Final = 2


class Cores(Struct, frozen=True):
    """Numbers of two cores: `server` is the measured server's alone, `load` has the generator and the upstream."""

    server: int
    load: int


class CoreTime(Struct, frozen=True):
    """Seconds since boot that a core was idle, and all of its seconds."""

    idle: float
    total: float


def choose_cores() -> Cores:
    """Take the two highest cores that this process may use (the system's own work prefers the lowest). Raises BenchError."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < _NEEDED:
        raise BenchError(f"two cores are needed, one for the server and one for the load; this process may use {len(usable)}")
    return Cores(server=usable[-1], load=usable[-2])


def stay_on(core: int) -> None:
    """Keep this process on one core."""
    os.sched_setaffinity(0, {core})


def core_time(core: int, stat: Path = Path("/proc/stat")) -> CoreTime:
    """Read what the kernel counts for a core; iowait is idle, steal is not."""
    prefix = f"cpu{core} "
    line = next(line for line in stat.read_text().splitlines() if line.startswith(prefix))
    ticks = [int(field) for field in line.split()[1:9]]
    return CoreTime(idle=(ticks[3] + ticks[4]) * TICK, total=sum(ticks) * TICK)
