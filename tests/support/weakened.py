"""Builds that are weakened on purpose, each in one place, to prove that the faults can tell: handed in where the real parts would be."""

import asyncio
import time
from collections.abc import Generator, Mapping
from typing import Any, cast

from msgspec import structs

from gateway.app import Parts
from gateway.policy.snapshot import Snapshot
from gateway.proxy.journey import Gate
from gateway.proxy.leases import LeaseBook
from gateway.proxy.relay import Relay
from gateway.proxy.sources import PolicySource
from gateway.store.assembly import Assembly
from gateway.store.canary import Canary
from gateway.store.draft import Changed
from gateway.store.feed import Feed
from gateway.store.load import load
from gateway.store.stored import Stored
from gateway.store.watch import PolicyWatch

TTL = 10.0


class TrustingWatch(PolicyWatch):
    """Believes that every change is told: no canary, no reading again."""

    async def _prove(self, feed: Feed, canary: Canary) -> None:
        canary.seconds = 0.0
        while True:
            begun = time.monotonic()
            await feed.confirm()
            if not feed.dirty and not self._reading.locked():
                self.snapshot = self.snapshot.confirmed(max(begun, self.snapshot.confirmed_at))
            await asyncio.sleep(self._settings.canary_every)


class DeafWatch(TrustingWatch):
    """The same, and tracking is off."""

    async def _prove(self, feed: Feed, canary: Canary) -> None:
        await feed.link.call("CLIENT", "TRACKING", "OFF")
        await super()._prove(feed, canary)


class AgelessWatch(PolicyWatch):
    """Its snapshot never grows old."""

    def _publish(self, confirmed_at: float, touched: Any) -> None:
        del confirmed_at
        super()._publish(float("inf"), touched)


class TornAssembly(Assembly):
    """Takes allowlists that were read `early`, where there are any."""

    early: Mapping[str, Any] = {}

    def take(self, stored: Stored) -> Generator[None, None, Changed]:
        """Put two readings together."""
        return super().take(structs.replace(stored, allowlists={**stored.allowlists, **self.early}))


class TornWatch(PolicyWatch):
    """Reads the allowlists first and everything else a moment later."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._torn_assembly = self._assembly = TornAssembly(self._keys, self.snapshot.catalogue, self._expand)

    async def _reload(self, feed: Feed) -> None:
        feed.begin_reading()
        early = await load(feed.link, self._keys, self._assembly.ids)
        await asyncio.sleep(0.002)
        changed, self._torn_assembly.early = feed.dirty, early.allowlists
        await super()._reload(feed)
        if changed:
            feed.mark_dirty()


class Memory:
    """Gives the policy of up to `TTL` seconds ago."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._kept: Snapshot = source.snapshot
        self._until = 0.0

    @property
    def snapshot(self) -> Snapshot:
        """What was the policy some time ago, confirmed now."""
        current: Snapshot = self._source.snapshot
        if time.monotonic() > self._until or not self._kept.initialised:
            self._kept, self._until = current, time.monotonic() + TTL
        return self._kept.confirmed(current.confirmed_at)


class ForgetfulGate(Gate):
    """Admits by what it remembers of its decisions for `TTL` seconds."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.decider.policy = cast("PolicySource", Memory(parts["policy"]))


class SweeplessBook(LeaseBook):
    """Publications touch no running exchange."""

    def published(self, *told: Any) -> None:
        """Look away."""


class TimelessBook(LeaseBook):
    """Time touches no running exchange."""

    def start(self) -> None:
        """Never look at the clock."""


class SweeplessGate(Gate):
    """Leases are not decided on again when the policy changes."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.leases = SweeplessBook(parts["loop"], lambda: parts["policy"].snapshot, parts["clock"], parts["witness"].on_swept)


class TimelessGate(Gate):
    """Leases are not decided on again when their time has come."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.leases = TimelessBook(parts["loop"], lambda: parts["policy"].snapshot, parts["clock"], parts["witness"].on_swept)


class UncheckedRelay(Relay):
    """Waits for its upstream first, holds its lease then, and does not ask again whether it may."""

    def start(self) -> None:
        """Decide, await, act."""
        self._task = self._gate.loop.create_task(self._reach())

    async def _reach(self) -> None:
        link = await self._upstream.reach()
        if self._over:  # the caller is gone
            link.endpoint.release(link)
            return
        self._gate.leases.hold(self)
        self._send(link)

    def _end(self) -> None:
        if self.held:
            super()._end()
        self._over = True


class UncheckedGate(Gate):
    """Makes such relays."""

    relay_type = UncheckedRelay


DEAF = Parts(watch=DeafWatch)
TRUSTING = Parts(watch=TrustingWatch)
AGELESS = Parts(watch=AgelessWatch)
TORN = Parts(watch=TornWatch)
FORGETFUL = Parts(gate=ForgetfulGate)
SWEEPLESS = Parts(gate=SweeplessGate)
TIMELESS = Parts(gate=TimelessGate)
UNCHECKED = Parts(gate=UncheckedGate)
