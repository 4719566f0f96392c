"""Where the microseconds of a request go: the gate's stacks, sampled under load with py-spy, charged to its rooms and to the kernel.

A sample belongs to the system call that it was in, else to the room of the innermost Python frame of the gate, else to the event loop.
A process that is stopped to be looked at stands at a system call more often than it works there, so samples divide the kernel's part and
the program's part each in itself. How large both are the operating system tells, without the profiler: so the steps add up to a request.
"""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.call import whole
from bench.generator import Generator
from bench.peers.gate import gate
from bench.peers.site import Peer, Site
from bench.problem import BenchError
from bench.process import cpu_seconds, family
from bench.watchman import Watchman, disturbance

CONNECTIONS: Final = 32
RATE: Final = 100
"""Samples a second: each stops the process for a millisecond or more, so that more of them would leave little of the load."""
KERNEL: Final = {
    "write": "kernel: send",
    "writev": "kernel: send",
    "sendmsg": "kernel: send",
    "send": "kernel: send",
    "read": "kernel: receive",
    "recv": "kernel: receive",
    "recvmsg": "kernel: receive",
    "epoll_wait": "kernel: wait for sockets",
    "epoll_pwait": "kernel: wait for sockets",
    "epoll_ctl": "kernel: wait for sockets",
}
LOOP: Final = "event loop (uvloop, asyncio)"
MAIN: Final = "_run_module_as_main"
_GATE: Final = re.compile(r"\(.*gateway/(\w+)(?:/(\w+))?(?:/\w+)*\.py")
_RESTING: Final = ("lock_PyThread_acquire_lock", "_queue_SimpleQueue_get_impl", "pthread_cond")
_BY_FILE: Final = frozenset({"proxy"})


class Step(Struct, frozen=True):
    """One room's part of a request: share of the samples, and microseconds of CPU."""

    name: str
    share: float
    microseconds: float


class StepFigures(Struct, frozen=True):
    """The steps of one request, which add up to `cpu_microseconds`; `system_share`: the part of it that the kernel says was its own."""

    cpu_microseconds: float
    system_share: float
    samples: int
    steps: tuple[Step, ...]
    remark: str = ""


def measure_steps(site: Site, seconds: int) -> StepFigures:
    """Load the gate, first undisturbed for the CPU of a request, then under the profiler for its shares."""
    with gate(site) as peer:
        generator = Generator(site.directory, whole(site.token), site.cores.load)
        generator.run(peer.port, CONNECTIONS, 1)
        with Watchman(site.cores, peer.programs, [site.origin]) as watchman:
            load = generator.run(peer.port, CONNECTIONS, 3)
        stacks = _sampled(site, peer, generator, seconds)
    found = charged(stacks)
    cost = watchman.cpu_seconds / load.requests * 1e6
    system = watchman.system_seconds / watchman.cpu_seconds
    return StepFigures(cost, system, sum(found.values()), weighed(found, cost, system), disturbance([watchman.shares]))


def weighed(found: Counter[str], cost: float, system: float) -> tuple[Step, ...]:
    """Divide a request's `cost` by samples: the kernel's part of it, the share `system`, and the rest. Raises BenchError without any."""
    kernel = Counter({name: count for name, count in found.items() if name.startswith("kernel")})
    parts = ((kernel, system), (found - kernel, 1 - system))
    if not all(part.total() for part, _ in parts):
        raise BenchError("the profiler saw nothing; it needs the right to trace processes (ptrace)")
    steps = [Step(name, share := count / part.total() * size, share * cost) for part, size in parts for name, count in part.items()]
    return tuple(sorted(steps, key=lambda step: -step.share))


def charged(lines: Iterable[str]) -> Counter[str]:
    """Count the samples of the main thread by step; `lines` as py-spy's raw format has them: frames from the outermost, a count."""
    found: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rstrip().rpartition(" ")
        frames = stack.split(";")
        if any(frame.startswith(MAIN) for frame in frames[:3]) and not any(name in frame for frame in frames[-4:] for name in _RESTING):
            found[_step(frames)] += int(count)
    return found


def _step(frames: list[str]) -> str:
    leaf = frames[-1].partition(" ")[0]
    if leaf in KERNEL:
        return KERNEL[leaf]
    for frame in reversed(frames):
        if told := _GATE.search(frame):
            room, file = told.groups()
            return f"{room}/{file}" if room in _BY_FILE and file else room
        if frame.startswith(MAIN) or "loop.c" in frame:
            break
    return LOOP


def _sampled(site: Site, peer: Peer, generator: Generator, seconds: int) -> list[str]:
    program = Path(sys.executable).with_name("py-spy")
    if not program.exists():
        raise BenchError("py-spy is not installed. Run: make bench")
    out = site.directory / "stacks.txt"
    command = [str(program), "record", "--native", "--format", "raw", "--rate", str(RATE), "--duration", str(seconds)]
    with subprocess.Popen(
        [*command, "-o", str(out), "-p", str(_busiest(peer))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as profiler:
        generator.run(peer.port, CONNECTIONS, seconds + 2)
        profiler.wait(seconds + 10)
    return out.read_text().splitlines() if out.exists() else []


def _busiest(peer: Peer) -> int:
    """The process that serves, of a gate's family."""
    if peer.program is None:
        raise BenchError("nothing to profile")
    return max(family(peer.program.pid), key=lambda pid: cpu_seconds([pid]))
