"""Deadlines for every connection without a timer for each: one sweep a tick over a share of them.

A moving thing has a plain attribute `deadline` (loop seconds, `inf` for none), set freely at no cost; each is looked at once
a second, so a deadline is honoured at most one second late.
"""

import asyncio
import math
from typing import Final, Protocol

from gateway.proxy.pulse import Pulse

SHARES: Final = 8
PERIOD: Final = 1.0
NEVER: Final = math.inf


class Timed(Protocol):
    """What may stand on the wheel."""

    @property
    def deadline(self) -> float:
        """Loop seconds."""

    def on_deadline(self) -> None:
        """Act on a deadline that has passed; `deadline` must be moved or the thing leave the wheel."""


class Deadlines:
    """The wheel: things are spread over shares, each tick sweeps one. `pulse` beats with its ticks."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._shares: tuple[set[Timed], ...] = tuple(set() for _ in range(SHARES))
        self._turn = 0
        self._handle: asyncio.TimerHandle | None = None
        self.pulse = Pulse(loop)

    def __repr__(self) -> str:
        return f"<Deadlines of {sum(map(len, self._shares))} things>"

    def start(self) -> None:
        """Begin ticking."""
        self.pulse.start()
        self._handle = self._loop.call_later(PERIOD / SHARES, self._tick)

    def stop(self) -> None:
        """Tick no more."""
        self.pulse.stop()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def watch(self, thing: Timed) -> None:
        """Honour the deadline of `thing` from now on."""
        self._shares[(id(thing) >> 6) % SHARES].add(thing)

    def forget(self, thing: Timed) -> None:
        """Take `thing` off the wheel, if it stands on it."""
        self._shares[(id(thing) >> 6) % SHARES].discard(thing)

    def _tick(self) -> None:
        self._handle = self._loop.call_later(PERIOD / SHARES, self._tick)
        self.pulse.beat()
        self._turn = (self._turn + 1) % SHARES
        now = self._loop.time()
        for thing in [thing for thing in self._shares[self._turn] if thing.deadline <= now]:
            thing.on_deadline()
