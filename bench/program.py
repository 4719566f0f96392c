"""Programs that the bench runs: each on its core, ended with the bench whatever happens to it."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench.problem import BenchError
from bench.process import cpu_parts, cpu_seconds, family, pss_bytes

START_DEADLINE: Final = 20.0
STOP_DEADLINE: Final = 5.0
_SHOWN: Final = 2000


class Program:
    """One process and its children, on `cores`. `ready`: ports that accept connections once it has started."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        cores: Sequence[int],
        log: Path,
        ready: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
        patience: float = START_DEADLINE,
    ) -> None:
        self.name = name
        self.command = list(command)
        self._cores = ",".join(map(str, cores))
        self._log = log
        self._ready = ready
        self._environment = {**os.environ, **(environment or {})}
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return f"<Program {self.name} pid={self._process and self._process.pid} cores={self._cores}>"

    def __enter__(self) -> Self:
        """Start it, and wait until its ports accept. Raises BenchError with the end of its log."""
        with self._log.open("wb") as log:
            ended_with_us = [find("setpriv"), "--pdeathsig", "KILL"]
            command = [*ended_with_us, find("taskset"), "-c", self._cores, *self.command]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=self._environment)
        try:
            for port in self._ready:
                self._wait_for(port)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self.stop()

    @property
    def pid(self) -> int:
        """Its process number (the measured program itself: taskset and setpriv replace themselves by it)."""
        if self._process is None:
            raise BenchError(f"{self.name} is not running")
        return self._process.pid

    @property
    def cpu(self) -> float:
        """CPU seconds that it and its living children have used."""
        return cpu_seconds(family(self.pid))

    @property
    def system_cpu(self) -> float:
        """The part of it that the kernel used for them."""
        return cpu_parts(family(self.pid))[1]

    @property
    def memory(self) -> int:
        """Bytes of the process itself, not of its children."""
        return pss_bytes(self.pid)

    def stop(self) -> None:
        """Ask it to end, then make it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_DEADLINE)
            return
        process.kill()
        process.wait(STOP_DEADLINE)

    def _wait_for(self, port: int) -> None:
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
                return
            time.sleep(0.02)
        said = self._log.read_bytes()[-_SHOWN:].decode(errors="replace")
        raise BenchError(f"{self.name} does not listen on port {port}; it said:\n{said}")


def find(name: str) -> str:
    """Path of a program. Raises BenchError that says how to get it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        raise BenchError(f"{name} is not installed. Run: bench/install.sh")
    return found


def said(name: str, argument: str) -> str:
    """First line of what a program says of itself."""
    done = subprocess.run([find(name), argument], capture_output=True, text=True, timeout=10, check=False)
    return (done.stdout + done.stderr).splitlines()[0].strip()


def python(module: str, *arguments: str) -> list[str]:
    """Give the command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def free_port() -> int:
    """Find a loopback port below those that the kernel gives to outgoing connections, free a moment ago. Raises BenchError."""
    for port in range(18100, 18200):
        if port not in _given:
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
                _given.add(port)
                return port
    raise BenchError("no free port between 18100 and 18199")


_given: Final[set[int]] = set()


def allow_descriptors(wanted: int) -> int:
    """Raise this process's limit of open files (children inherit it) as far as the system lets; gives the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in ((wanted, max(wanted, hard)), (hard, hard)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
            return limit[0]
    return soft
