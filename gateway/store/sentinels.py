"""Sentinels: who the master is, and the news that it is another one now.

What counts is what more than half of the sentinels in the address say, for that many are needed to make another server the master. Among
different answers the one of the latest election (configuration epoch) counts. Fewer than half prove nothing: the server found before is
followed on, but no longer confirms that its policy is the current one.
"""

import asyncio
import contextlib
import math
import time
from typing import Final

from msgspec import Struct

from gateway.errors import StoreUnavailableError
from gateway.store.address import Endpoint, StoreAddress
from gateway.store.link import Link, open_link
from gateway.store.mastery import require_master
from gateway.store.poll import poll
from gateway.store.resp import Push, ServerError

DOUBTFUL: Final = 3.0
"""Seconds, besides the timeout, after which the silence of too many sentinels is told."""

SWITCHED: Final = "+switch-master"


class SupersededError(StoreUnavailableError):
    """Another server is the master now."""


class Saying(Struct, frozen=True):
    """What one sentinel said, asked at `asked_at` (steady): the master since the election number `epoch`."""

    master: Endpoint
    epoch: int
    asked_at: float


class Sentinels:
    """The sentinels of one address. `find` the master, then `keep` an eye on them as long as it is followed."""

    def __init__(self, address: StoreAddress, timeout: float) -> None:
        self._address = address
        self._timeout = timeout
        self._needed = len(address.endpoints) // 2 + 1
        self._sayings: dict[Endpoint, Saying] = {}
        self._problems: dict[Endpoint, str] = {}
        self._followed = Saying(("", 0), -1, -math.inf)

    def __repr__(self) -> str:
        return f"Sentinels({len(self._sayings)} of {len(self._address.endpoints)} heard, {self._followed.master})"

    def age(self) -> float:
        """Seconds since when more than half have confirmed the master that was found; infinite if they never did."""
        asked = sorted(saying.asked_at for saying in self._sayings.values() if saying.master == self._followed.master)
        return time.monotonic() - asked[-self._needed] if len(asked) >= self._needed else math.inf

    def doubt(self) -> str:
        """Say which sentinels are silent, when too few have confirmed the master for longer than an answer may take."""
        if self.age() <= DOUBTFUL + self._timeout:
            return ""
        return "; ".join((f"fewer than {self._needed} sentinels confirm the master: nothing is confirmed", *self._problems.values()))

    async def find(self) -> StoreAddress:
        """Answer where the master is, and has said itself that it is one. Raises StoreUnavailableError that says what is missing."""
        await self._ask_all()
        self._followed = max(self._sayings.values(), key=lambda saying: saying.epoch)
        place = self._address.at(self._followed.master)
        with contextlib.closing(await open_link(place, self._timeout)) as link:
            await require_master(link)
        return place

    async def keep(self, every: float) -> None:
        """Hear every sentinel, and ask it every `every` seconds. Raises SupersededError when they name another master."""
        async with asyncio.TaskGroup() as group:
            for endpoint in self._address.endpoints:
                group.create_task(self._follow(endpoint, every))

    async def _ask_all(self) -> None:
        count = len(self._address.endpoints)
        self._sayings, problems = await poll(self._ask_once, self._address.endpoints, self._needed)
        if len(self._sayings) < self._needed:
            shortage = f"{self._address}: {len(self._sayings)} of {count} sentinels tell who the master is, {self._needed} are needed"
            raise StoreUnavailableError("; ".join((shortage, *problems)))

    async def _ask_once(self, endpoint: Endpoint) -> Saying:
        with contextlib.closing(await open_link(self._address.sentinel(endpoint), self._timeout)) as link:
            return await self._ask(link)

    async def _ask(self, link: Link) -> Saying:
        asked_at = time.monotonic()
        try:
            told = await link.call("SENTINEL", "MASTER", self._address.service)
            facts = dict(zip(told[::2], told[1::2], strict=True))
            master = facts[b"ip"].decode(), int(facts[b"port"])
            return Saying(master, int(facts[b"config-epoch"]), asked_at)
        except ServerError as error:
            raise StoreUnavailableError(f"sentinel: {error} (asked for {self._address.service!r})") from None
        except (TypeError, KeyError, ValueError):
            raise StoreUnavailableError("sentinel: its answer cannot be read; is it a sentinel?") from None

    async def _follow(self, endpoint: Endpoint, every: float) -> None:
        while True:
            try:
                await self._listen(endpoint, every)
            except SupersededError:
                raise
            except StoreUnavailableError as error:
                self._problems[endpoint] = f"{endpoint[0]}:{endpoint[1]}: {error}"
                await asyncio.sleep(every)

    async def _listen(self, endpoint: Endpoint, every: float) -> None:
        """Ask when it is time, and at once when it tells of a new master or falls silent."""
        news = asyncio.Event()

        def hear(push: Push) -> None:
            if push[0] == b"message":
                news.set()

        with contextlib.closing(await open_link(self._address.sentinel(endpoint), self._timeout, hear, news.set)) as link:
            link.tell("SUBSCRIBE", SWITCHED)
            while True:
                news.clear()
                self._sayings[endpoint] = await self._ask(link)
                self._problems.pop(endpoint, None)
                self._judge()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(every):
                        await news.wait()

    def _judge(self) -> None:
        others = [saying for saying in self._sayings.values() if saying.master != self._followed.master]
        later = next((saying for saying in others if saying.epoch > self._followed.epoch), None)
        if later is None and len(others) >= self._needed:
            later = others[0]
        if later is not None:
            host, port = later.master
            raise SupersededError(f"the sentinels name another master now, {host}:{port}")
