"""Whether this process has been standing still: stopped, frozen with its container, starved, or held up by its own work.

What it knows of the policy is then as old as the standstill, and what has come from upstream meanwhile would leave before the news. So
afterwards nothing is passed on and nothing decided until the store has confirmed the policy anew and every lease has been decided on;
or, where the store does not answer, for `PATIENCE` seconds: then `max_staleness` is the bound, as in any other silence of the store.
"""

import asyncio
import math
from collections.abc import Callable
from time import monotonic
from typing import Final, Protocol

STILL: Final = 0.5
"""Seconds without a beat that are a standstill; beats come eight times a second."""

PATIENCE: Final = 1.0
"""Seconds for which the store is waited for."""

LOOK: Final = 0.002


class Receiver(Protocol):
    """The end of a connection to an upstream."""

    transport: asyncio.Transport

    def data_received(self, data: bytes) -> None:
        """Take what came."""


class Pulse:
    """`until` (steady seconds): who passes something on later than that hands it to `hold`, or awaits `settled`, instead.

    `on_doubt` hears of each standstill; `confirmed_since(instant)` says whether what was written before it is in force by now.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float] = monotonic) -> None:
        self._loop = loop
        self._now = now
        self.until = math.inf  # nobody beats yet
        self.on_doubt: Callable[[], None] = lambda: None
        self.confirmed_since: Callable[[float], bool] = lambda _: True
        self._since = math.inf
        self._looked = 0.0
        self._held: list[tuple[Receiver, bytes]] = []
        self._waiting: list[asyncio.Future[None]] = []

    def __repr__(self) -> str:
        return f"<Pulse {'in doubt' if self._doubting else 'regular'}, {len(self._held)} held>"

    def start(self) -> None:
        """Begin: somebody will beat from now on."""
        self.until = self._now() + STILL

    def beat(self) -> None:
        """Tell that the loop turns."""
        now = self._now()
        if now > self.until:
            self._doubt(now)
        elif self.until != math.inf:
            self.until = now + STILL

    def stop(self) -> None:
        """Beat no more; hold nothing any longer."""
        self.until = math.inf

    def hold(self, receiver: Receiver, data: bytes) -> None:
        """Keep what a receiver has just read, and have it read no more, until it may be passed on; then it is handed back."""
        if not receiver.transport.is_closing():
            receiver.transport.pause_reading()
        self._held.append((receiver, data))
        self._doubt(self._now())

    async def settled(self) -> None:
        """Wait until decisions may be made again."""
        self._doubt(self._now())
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(waiter)
        await waiter

    @property
    def _doubting(self) -> bool:
        return self._since != math.inf

    def _doubt(self, now: float) -> None:
        if not self._doubting:
            self.until = -math.inf
            self._since = self._looked = now
            self.on_doubt()
            self._loop.call_soon(self._look)

    def _look(self) -> None:
        now = self._now()
        if now - self._looked > STILL:
            self._since = now  # another standstill: what was waited for is old itself
        self._looked = now
        if self.confirmed_since(self._since) or now - self._since > PATIENCE:
            self._go_on(now)
        else:
            self._loop.call_later(LOOK, self._look)

    def _go_on(self, now: float) -> None:
        """What was held comes before anything that is read from now on."""
        self._since, self.until = math.inf, now + STILL
        held, self._held = self._held, []
        for receiver, data in held:
            self._loop.call_soon(_hand_back, receiver, data)
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)


def _hand_back(receiver: Receiver, data: bytes) -> None:
    if not receiver.transport.is_closing():
        receiver.transport.resume_reading()
    receiver.data_received(data)
