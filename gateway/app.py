"""The composition root: the one place that knows everyone, and hands each part the others that it needs."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from gateway.api.admin import AdminServer, Readiness
from gateway.api.keys import keys_route
from gateway.audit.journal import Journal
from gateway.audit.logs import event
from gateway.audit.metrics import Metrics
from gateway.audit.recorder import Recorder
from gateway.clock import read_clock
from gateway.dialects import Dialect
from gateway.entrance import Entrance
from gateway.errors import GatewayError
from gateway.identity.fetch import HttpFetch
from gateway.identity.trust import disowned
from gateway.outfit import Outfit, Outfitter
from gateway.outside import changed_outside
from gateway.policy.access import Instant
from gateway.policy.snapshot import Snapshot
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.evidence import Witness
from gateway.proxy.fair_share import FairShare
from gateway.proxy.journey import Gate
from gateway.proxy.ownership import Ownership
from gateway.readings import Readings
from gateway.replica import Replica
from gateway.settings.addresses import host_port, network
from gateway.settings.provision import secret_from_environment
from gateway.settings.reload import needs_restart
from gateway.settings.shape import Settings
from gateway.settings.terms import terms_name
from gateway.store.address import StoreAddress, read_address
from gateway.store.client import connect
from gateway.store.embedded import EmbeddedStore
from gateway.store.keys import Keys
from gateway.store.ledger import Ledger
from gateway.store.replicas import ReplicaRegister
from gateway.store.shares import ShareStore
from gateway.store.watch import PolicyWatch
from gateway.tally import tally

LOG: Final = logging.getLogger(__name__)
SHARE_TIMEOUT: Final = 0.5  # seconds that a request waits for its share at most, before it is counted without the store


class Parts(Struct, frozen=True):
    """What decides how long a revoked exchange lives. A test hands in a clock that it moves, or a part that it has weakened on purpose."""

    clock: Callable[[], Instant] = read_clock
    watch: type[PolicyWatch] = PolicyWatch
    gate: type[Gate] = Gate


PARTS: Final = Parts()


class Gateway:
    """One worker: both listeners and everything behind them. `run_dir` is shared by the workers of a machine, None for one alone."""

    def __init__(self, settings: Settings, *, worker: str = "w0", run_dir: Path | None = None, parts: Parts = PARTS) -> None:
        self.settings = settings
        self._parts = parts
        self.worker = worker
        self.shared = run_dir is not None
        self.store_address: StoreAddress = read_address(settings.store, os.environ)
        self.metrics = Metrics(run_dir, worker, org_label=settings.metrics.org_label)
        self.journal = Journal(settings.audit, worker)
        self.gate: Gate
        self.watch: PolicyWatch
        self.outfit: Outfit
        self.readings: Readings
        self.replica: Replica
        self.fair_share: FairShare
        self._share_store: ShareStore
        self._stack = contextlib.AsyncExitStack()
        self.entrance: Entrance
        self._background: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Gateway {self.worker} {self.settings.listen.proxy.address}>"

    @property
    def proxy_url(self) -> str:
        """Where callers connect."""
        scheme = "https" if self.settings.listen.proxy.tls else "http"
        return f"{scheme}://{_reachable(self.settings.listen.proxy.address, self.entrance.port)}"

    @property
    def admin_url(self) -> str:
        """Where health and metrics are."""
        scheme = "https" if self.settings.listen.admin.tls else "http"
        return f"{scheme}://{_reachable(self.settings.listen.admin.address, self.admin.port)}"

    async def start(self) -> None:
        """Load the policy and the keys, then listen. Raises GatewayError or OSError; what was started is stopped again."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def stop(self) -> None:
        """Take no more connections, let running answers end within the drain time, then break them off and leave."""
        self.entrance.close()
        await self.gate.doors.drain(self.settings.limits.drain)
        await self._stack.aclose()

    def apply(self, settings: Settings) -> None:
        """Put new settings in force where that needs no restart; raises GatewayError and changes nothing if they cannot be."""
        before, fresh = self.outfit, self._outfitter.make(settings, self.outfit)
        late = sorted(needs_restart(before.settings, settings))
        if late:
            event(LOG, logging.WARNING, "settings_need_restart", problem=", ".join(late))
        self._put_on(fresh)
        for name, upstream in before.upstreams.items():
            if fresh.upstreams.get(name) is not upstream:
                upstream.close()
        self.entrance.renew(settings.listen.proxy)
        self.watch.replace_catalogue(fresh.catalogue, fresh.expand)
        self._soon(self._settle(before, fresh))
        self.gate.leases.disown(disowned(before.settings.issuers, settings.issuers))
        event(LOG, logging.INFO, "settings_applied", count=len(fresh.settings.models))

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        settings, loop, clock = self.settings, asyncio.get_running_loop(), self._parts.clock
        deadlines = self._deadlines = Deadlines(loop)
        self._outfitter = Outfitter(clock, HttpFetch(), deadlines, settings_refused)
        outfit = self.outfit = self._outfitter.make(settings)
        await self._start_store()
        self.watch = self._parts.watch(self.store_address, settings.store, outfit.catalogue, outfit.expand, clock, self._published)
        self.gate = self._parts.gate(
            loop=loop,
            clock=clock,
            limits=settings.limits,
            identifier=outfit.verifier,
            policy=self.watch,
            locator=outfit.locator,
            upstreams=outfit.upstreams,
            witness=Witness(self.metrics, self.journal, Recorder(self.worker, _subject_key(settings)), clock),
            house=outfit.house,
            deadlines=deadlines,
            scheme="https" if settings.listen.proxy.tls else "http",
        )
        self._open_ledger(settings)
        self.readings = Readings(self.metrics, self.watch, self.journal, self.gate)
        self._open_shares(settings)
        self._put_on(outfit)
        deadlines.pulse.on_doubt, deadlines.pulse.confirmed_since = self._doubted, self._confirmed_since
        await self._start_parts()
        await self._listen()

    def _put_on(self, outfit: Outfit) -> None:
        """Let what was made from settings work from now on."""
        settings, gate = outfit.settings, self.gate
        self.outfit, self.settings = outfit, settings
        gate.identifier, gate.limits, gate.locator, gate.upstreams = outfit.verifier, settings.limits, outfit.locator, outfit.upstreams
        gate.replies.house = outfit.house
        gate.doors.trusted = tuple(map(network, settings.listen.proxy.trusted_proxies))
        for name, introduction in outfit.introductions.items():
            outfit.upstreams[name].introduction = introduction
        self.fair_share.store = self._share_store if settings.fair_share.counted_in == "store" else None
        self.fair_share.refuse_when_away = settings.fair_share.store_away == "refuse"
        self.readings.rebind(outfit.verifier, outfit.keysets, outfit.upstreams, outfit.geolocation)

    def _open_shares(self, settings: Settings) -> None:
        """Report to the store, and count each organisation's share there."""
        keys = Keys(self.store_address.prefix)
        self.replica = Replica(
            self.worker,
            ReplicaRegister(self.store_address, keys, settings.store.timeout),
            self.watch,
            self.gate.leases,
            self.metrics.replica_report_failures.inc,
            max_staleness=settings.store.max_staleness,
            tally=lambda: tally(self.gate.leases.groups(), self.watch.snapshot, self.fair_share.standing(), terms_name(self.settings)),
        )
        self._share_store = ShareStore(self.store_address, keys, self.replica.key, min(settings.store.timeout, SHARE_TIMEOUT))
        self.fair_share = FairShare(
            self._share_store,
            self.gate.leases,
            lambda: self.watch.snapshot,
            self._parts.clock,
            lambda: self.replica.workers,
            lambda outcome: self.metrics.fair_share_takes.labels(outcome).inc(),
        )

    def _open_ledger(self, settings: Settings) -> None:
        """Let the gate know whose the stored objects are, if so configured."""
        section = settings.ledger
        if not section.enabled:
            return
        client = connect(self.store_address, settings.store.timeout)
        ledger = Ledger(
            client, self.store_address.prefix, section.keep, lambda operation, outcome: self.metrics.ledger.labels(operation, outcome).inc()
        )
        self._stack.push_async_callback(ledger.close)
        only = settings.upstreams[0].name if len(settings.upstreams) == 1 else ""
        homes = {Dialect.OPENAI: section.openai or only, Dialect.ANTHROPIC: section.anthropic or only}
        self.gate.ownership = Ownership(self.gate, self.watch, ledger, homes)

    async def _start_store(self) -> None:
        if self.store_address.kind == "embedded":
            store = EmbeddedStore(Path(self.store_address.path))
            await store.start()
            self._stack.push_async_callback(store.stop)

    async def _start_parts(self) -> None:
        push = self._stack.push_async_callback
        self.journal.start()
        push(asyncio.to_thread, self.journal.stop)
        self._stack.callback(self.metrics.close)
        push(self._outfitter.close)
        if self.outfit.geolocation is not None:
            self.outfit.geolocation.start()
        await self.outfit.verifier.start()
        push(self._take_off)
        await self.watch.start()
        push(self.watch.stop)
        await self.replica.start()
        push(self.replica.stop)
        self.fair_share.start()
        self._stack.callback(self._share_store.close)
        push(self.fair_share.stop)
        self._deadlines.start()
        self._stack.callback(self._deadlines.stop)
        self.gate.start()
        self._stack.callback(self.gate.stop)
        self.readings.start()
        push(self.readings.stop)

    async def _listen(self) -> None:
        listen = self.settings.listen
        self.entrance = Entrance(self.gate, listen.proxy, shared=self.shared)
        self._stack.callback(self.entrance.close)
        await self.entrance.open()
        self.admin = AdminServer(listen.admin, self.readiness, self.readings, [keys_route(self._jwks)], reuse_port=self.shared)
        self.entrance.tend("admin", self.admin.tls)
        await self.admin.start()
        self._stack.push_async_callback(self.admin.stop)

    def readiness(self) -> Readiness:
        """Say whether this worker can do its job, and what stands in the way."""
        snapshot, now = self.watch.snapshot, self._parts.clock()
        age = now.steady - snapshot.confirmed_at
        known = age != float("inf")
        problems = []
        if not known:
            problems.append("policy not loaded yet")
        elif age > snapshot.max_staleness:
            problems.append("policy stale: the store has not confirmed it")
        problems += [f"no keys of issuer {name}" for name in self.outfit.verifier.issuers_without_keys]
        if not self.journal.accepting:
            problems.append("decision records are required and cannot be written")
        if self.gate.doors.draining:
            problems.append("draining")
        return Readiness(tuple(problems), snapshot.revision, age if known else None)

    def _published(self, old: Snapshot, new: Snapshot, models: frozenset[str] | None) -> None:
        # the leases look closer than at models: at organisations and subjects
        self.gate.leases.published(old, new, self.watch.seen_at, self.replica.published(old, new))
        self.gate.decider.fair_share = self.fair_share if new.shared_out else None
        self.readings.on_snapshot(new)
        if changed_outside(old, new):
            self.metrics.outside_changes.inc()
            event(LOG, logging.WARNING, "policy_changed_outside_the_tools", revision=new.revision, models=", ".join(sorted(models or ())))

    def _doubted(self) -> None:
        self.metrics.standstills.inc()
        self.watch.ask()

    def _confirmed_since(self, instant: float) -> bool:
        return self.watch.snapshot.confirmed_at >= instant and self.gate.leases.settled

    def _jwks(self) -> Mapping[str, Any]:
        return self.outfit.signer.jwks if self.outfit.signer is not None else {"keys": []}

    async def _settle(self, before: Outfit, fresh: Outfit) -> None:
        """What a reload replaced is stopped when what replaces it stands."""
        if fresh.geolocation is not None:
            fresh.geolocation.start()
        await fresh.verifier.start()
        await before.stop()

    async def _take_off(self) -> None:
        await self.outfit.stop()

    def _soon(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def settings_refused(error: GatewayError) -> None:
    """Say in the log that a new file was not taken; the old settings stay in force."""
    event(LOG, logging.ERROR, "settings_refused", problem=str(error))


def _subject_key(settings: Settings) -> bytes:
    name = settings.audit.subject_key_env
    return secret_from_environment(name, "audit.subject_key_env").encode() if name else b""


def _reachable(address: str, port: int) -> str:
    named = host_port(address).host
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(named, named)  # noqa: S104 - read, not bound
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
