"""The other workers' entries in `gateway:replicas`: whoever lives takes the dead off the list.

Dead is a process of this machine that is no more, and whoever's entry has stood unchanged for as long as it said itself. That time is
measured on the looker's own clock, so the clocks of hosts need not agree.
"""

import hashlib
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from gateway.store.report import decode_report

UNREADABLE: Final = 120.0
"""Seconds after which what is no report is removed."""

TOGETHER: Final = 8
"""Entries up to which each worker looks every time; of more, the work is shared."""


class Register(Protocol):
    """Where the entries are."""

    async def read(self) -> Mapping[str, bytes]:
        """Answer every entry."""

    async def remove(self, *workers: str) -> None:
        """Remove some."""


class Neighbours:
    """Looks at most every `every` seconds, for the worker whose own entry is `key`. `living`: how many others lived at the last look."""

    def __init__(self, register: Register, key: str, every: float) -> None:
        self._register = register
        self._key = key
        self._every = every
        self._machine = machine()
        self._look_at = -math.inf
        self._entries: dict[str, tuple[bytes, float]] = {}
        self.living = 0

    def __repr__(self) -> str:
        return f"<Neighbours of {self._key}: {len(self._entries)}>"

    async def look(self) -> None:
        """Remove the dead. Raises StoreUnavailableError."""
        now = time.monotonic()
        if now < self._look_at:
            return
        entries = {key: told for key, told in (await self._register.read()).items() if key != self._key}
        self._look_at = now + self._every * (len(entries) // TOGETHER)
        self._entries = {key: self._since(key, told, now) for key, told in entries.items()}
        gone = [key for key, (told, since) in self._entries.items() if self._is_gone(told, now - since)]
        self.living = len(entries) - len(gone)
        await self._register.remove(*gone)

    def _since(self, key: str, told: bytes, now: float) -> tuple[bytes, float]:
        """Since when an entry is as it is."""
        known = self._entries.get(key)
        return known if known is not None and known[0] == told else (told, now)

    def _is_gone(self, told: bytes, silent: float) -> bool:
        report = decode_report(told)
        if report is None:
            return silent > UNREADABLE
        return silent > report.expires_after or (report.machine == self._machine != "" and not _lives(report.pid))


def machine() -> str:
    """Name this boot of this kernel and this process namespace, as a digest; empty where that cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return ""
    return hashlib.sha256(f"{boot}/{namespace}".encode()).hexdigest()[:16]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
