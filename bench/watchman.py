"""Who used the two cores during a round, and whether the round says anything about the server."""

import os
import time
from collections.abc import Sequence
from typing import Final, Self

from msgspec import Struct

from bench.cores import Cores, core_time
from bench.program import Program

IDLE_SERVER: Final = 0.05
"""A server whose core idles more than this was not the limit."""
BUSY_LOAD: Final = 0.97
"""A load core busier than this was."""
FOREIGN: Final = 0.05
"""More than this share of a core used by others disturbs the round."""


class Shares(Struct, frozen=True):
    """Shares (0 to 1) of a round's time: CPU of the server and of the load side's programs, and how busy each core was altogether."""

    seconds: float
    server_cpu: float
    server_busy: float
    load_cpu: float
    load_busy: float
    has_server: bool = True

    @property
    def foreign(self) -> float:
        """Share of a core that somebody else used, the worse of the two; of the load's core alone where no server is measured."""
        return max(self.taken, self.load_busy - self.load_cpu)

    @property
    def taken(self) -> float:
        """Share of the server's core that somebody else used."""
        return max(0.0, self.server_busy - self.server_cpu) if self.has_server else 0.0

    @property
    def load_was_limit(self) -> bool:
        """The generator or the upstream could do no more while the server could."""
        return self.load_busy > BUSY_LOAD and not self.saturated

    @property
    def saturated(self) -> bool:
        """The server's core had nothing left."""
        return self.server_busy >= 1 - IDLE_SERVER

    @property
    def disturbed(self) -> bool:
        """Somebody else worked on one of the cores."""
        return self.foreign > FOREIGN


class Watchman:
    """Reads the counters before and after a round: `with Watchman(...) as watchman:`, then `.shares`, `.cpu_seconds`, `.system_seconds`."""

    def __init__(self, cores: Cores, servers: Sequence[Program], loaders: Sequence[Program]) -> None:
        self._cores = cores
        self._servers = servers
        self._loaders = loaders

    def __enter__(self) -> Self:
        """Begin the round."""
        self._before = self._read()
        return self

    def __exit__(self, *_: object) -> None:
        """End the round."""
        gone = [new - old for new, old in zip(self._read(), self._before, strict=True)]
        seconds, self.cpu_seconds, self.system_seconds, load_cpu, server_idle, server_all, load_idle, load_all = gone
        self.shares = Shares(
            seconds=seconds,
            server_cpu=self.cpu_seconds / seconds,
            server_busy=1 - server_idle / server_all if server_all else 0.0,
            load_cpu=load_cpu / seconds,
            load_busy=1 - load_idle / load_all if load_all else 0.0,
            has_server=bool(self._servers),
        )

    def _read(self) -> tuple[float, ...]:
        server, load = core_time(self._cores.server), core_time(self._cores.load)
        own = sum(os.times()[:4])  # the bench itself, and what it ran and waited for (the generator)
        loading = own + sum(program.cpu for program in self._loaders)
        serving = sum(program.cpu for program in self._servers)
        system = sum(program.system_cpu for program in self._servers)
        return time.monotonic(), serving, system, loading, server.idle, server.total, load.idle, load.total


def load_limit(rounds: Sequence[Shares]) -> str:
    """Say that the load side was the limit in most of the rounds, with the shares of the first; nothing where it was not."""
    if sum(one.load_was_limit for one in rounds) * 2 <= len(rounds):
        return ""
    busy, others, idle = rounds[0].load_busy, max(0.0, rounds[0].load_busy - rounds[0].load_cpu), 1 - rounds[0].server_busy
    whose = f" ({others:.0%} by others)" if others > FOREIGN else ""
    return f"generator or upstream was the limit: their core {busy:.0%} busy{whose} while the server's idled {idle:.0%}"


def disturbance(rounds: Sequence[Shares]) -> str:
    """Say how much others used of a core; nothing where it was little."""
    worst = max((one.foreign for one in rounds), default=0.0)
    return f"disturbed: others used up to {worst:.0%} of a core" if worst > FOREIGN else ""
