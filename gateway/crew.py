"""Several workers on one port: one process each, replaced when it dies, told to drain when the crew ends."""

import ctypes
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType
from typing import Final

from gateway.audit.logs import event

LOG: Final = logging.getLogger(__name__)
PR_SET_PDEATHSIG: Final = 1
RESTART_PAUSE: Final = 1.0  # seconds between two starts of one place, so that a worker that cannot start does not spin
WAIT: Final = 0.5

Job = Callable[[Path, str, Path], None]


class Crew:
    """The processes of one machine. Place `i` is held by worker `w<i>`; the run directory holds what they share."""

    def __init__(self, path: Path, count: int, data_dir: Path) -> None:
        self._path = path
        self._run_dir = data_dir / "run"
        self._spawn = multiprocessing.get_context("spawn")
        self._places: list[SpawnProcess | None] = [None] * count
        self._started = [-RESTART_PAUSE] * count
        self._ending = False

    def __repr__(self) -> str:
        return f"<Crew of {len(self._places)}, {sum(process is not None for process in self._places)} up>"

    def run(self, job: Job) -> int:
        """Keep every place filled until SIGTERM or SIGINT; then let them drain. Returns the exit code."""
        self._run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGHUP, self._pass_on)
        let_sighup_through()
        while not self._ending:
            self._fill(job)
            multiprocessing.connection.wait([process.sentinel for process in self._living()], WAIT)
        for process in self._living():
            process.join()
        return 0

    def _fill(self, job: Job) -> None:
        for place, process in enumerate(self._places):
            if process is not None and process.is_alive():
                continue
            if process is not None:
                event(LOG, logging.ERROR, "worker_died", key=f"w{place}", status=process.exitcode or 0)
                self._places[place] = None
            if time.monotonic() - self._started[place] >= RESTART_PAUSE and not self._ending:
                self._start(place, job)

    def _start(self, place: int, job: Job) -> None:
        self._started[place] = time.monotonic()
        process = self._spawn.Process(target=job, args=(self._path, f"w{place}", self._run_dir), name=f"gateway-w{place}")
        hold_sighup()  # a worker begins with it held: what arrives before it can reload waits until it can, and does not end it
        try:
            process.start()
            self._places[place] = process  # before the signal comes through, or it would be passed on to all but this one
        finally:
            let_sighup_through()
        if self._ending:  # the order to end came while this one was being made, and has passed it by
            process.terminate()

    def _living(self) -> list[SpawnProcess]:
        return [process for process in self._places if process is not None]

    def _end(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._ending = True
        for process in self._living():
            process.terminate()

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        del frame
        for process in self._living():
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, number)


def hold_sighup() -> None:
    """Let SIGHUP wait: unhandled, it would end a process that has not come to the point of reading its settings again."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})


def let_sighup_through() -> None:
    """Take SIGHUP from now on, also one that has waited."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})


def die_with_parent() -> None:
    """Ask the kernel to end this worker when its crew is gone (Linux; elsewhere an orphan serves on until told to end)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
