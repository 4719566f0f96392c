"""What a crowd costs: memory of the gate's process, and what an honest caller beside it sees."""

import asyncio
import statistics
import time
from pathlib import Path

from hardness.crowds import CROWDS, Site, crowd
from msgspec import Struct
from support.serving import ServedGate
from support.wire_ends import raw_caller

ASKED = 200
SETTLE = 2.0
CALM = 0.05
BODY = b'{"model":"open-1","messages":[{"role":"user","content":"hi"}]}'


class Figures(Struct, frozen=True):
    """`per_member`: bytes of resident memory that each connection of the crowd added, as far as it was there. Times in seconds."""

    name: str
    members: int
    before: int
    during: int
    answered: int
    median: float
    slowest: float

    @property
    def per_member(self) -> float:
        return max(0, self.during - self.before) / max(1, self.members)


def resident(pid: int) -> int:
    """Resident bytes of a process and its children (proc(5), VmRSS)."""
    kilobytes = 0
    for each in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
        status = Path(f"/proc/{each}/status").read_text()
        kilobytes += next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return kilobytes * 1024


async def asked(site: Site, times: int) -> list[float]:
    """Ask for short whole answers, one after the other on one connection; give how long each took. Any other answer fails."""
    took = []
    async with raw_caller(site.port) as caller:
        for _ in range(times):
            began = time.perf_counter()
            caller.post(BODY, token=site.token)
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 200 "), head
            took.append(time.perf_counter() - began)
    return took


async def measured(gate: ServedGate, name: str, members: int = 0, settle: float = SETTLE) -> Figures:
    """Let a crowd come, and ask beside it once it has been there for `settle` seconds."""
    site = Site(int(gate.url.rpartition(":")[2]), gate.mint())
    members = members or CROWDS[name][1]
    await asked(site, ASKED)
    before = resident(gate.process.pid)
    async with crowd(site, name, members):
        await asyncio.sleep(settle)
        gate.upstream.pace = CALM  # the upstream shares this process: its streams must not slow the honest caller down
        took = await asked(site, ASKED)
        during = resident(gate.process.pid)
    return Figures(name, members, before, during, len(took), statistics.median(took), max(took))
