"""Copies what the parts count in plain numbers into metrics, once a second; watches the loop's lag."""

import asyncio
import logging
import math
from collections.abc import Mapping
from typing import Final

from gateway.audit.journal import Journal
from gateway.audit.logs import event
from gateway.audit.metrics import Metrics
from gateway.identity.keyset import KeySet
from gateway.identity.verifier import Verifier
from gateway.location.geolocation import GeoDatabase
from gateway.policy.snapshot import InvalidEntry, Snapshot
from gateway.proxy.journey import Gate
from gateway.proxy.upstream import Upstream
from gateway.store.watch import PolicyWatch

EVERY: Final = 1.0
MOST_TOLD: Final = 10  # entries logged at one publication; the rest are counted, and listed by `gateway status`
LOG: Final = logging.getLogger(__name__)
NEVER: Final = -1.0e308


class Readings:
    """What is behind the gauges. `rebind` after a reload, for the parts that were replaced."""

    def __init__(self, metrics: Metrics, watch: PolicyWatch, journal: Journal, gate: Gate) -> None:
        self._metrics = metrics
        self._watch = watch
        self._journal = journal
        self._gate = gate
        self._verifier: Verifier | None = None
        self._keysets: Mapping[str, KeySet] = {}
        self._upstreams: Mapping[str, Upstream] = {}
        self._geolocation: GeoDatabase | None = None
        self._past: dict[tuple[str, str], int] = {}
        self._reloaded: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._up = True
        self._store_problem = ""
        self._initialised = True
        self._told: frozenset[InvalidEntry] = frozenset()
        self.config_reloads: Mapping[str, int] = {}

    def __repr__(self) -> str:
        return f"<Readings of {self._metrics!r}>"

    def rebind(
        self, verifier: Verifier, keysets: Mapping[str, KeySet], upstreams: Mapping[str, Upstream], geolocation: GeoDatabase | None = None
    ) -> None:
        """Read from these from now on; what a replaced verifier counted is kept."""
        if self._verifier is not None and self._verifier is not verifier:
            for key, count in self._verifier.counts.items():
                self._past[key] = self._past.get(key, 0) + count
        if self._geolocation is not None and self._geolocation is not geolocation:
            for outcome, count in self._geolocation.counts.items():
                self._reloaded[outcome] = self._reloaded.get(outcome, 0) + count
        self._verifier, self._keysets, self._upstreams, self._geolocation = verifier, keysets, upstreams, geolocation

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._keep_reading(), name="readings")
        self.on_snapshot(self._watch.snapshot)

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Give the metrics as text, read a second ago at most: scrapes run in a thread, where the parts cannot be read safely."""
        return self._metrics.render(accept)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """A new policy is in force: its entries, and which names may be labels."""
        self._tell_content(snapshot)
        metrics = self._metrics
        models = {model.id for model in snapshot.catalogue.values()}
        metrics.set_known(models, snapshot.grants.values())
        metrics.policy_revision.set(snapshot.revision)
        metrics.policy_invalid_entries.set(len(snapshot.invalid))
        kinds = {
            "grants": sum(map(len, snapshot.grants.values())),
            "models": len(models),
            "stages": len(snapshot.stages),
            "directives": len(snapshot.directives),
            "revocations": len(snapshot.revocations),
        }
        for kind, count in kinds.items():
            metrics.policy_entries.labels(kind).set(count)

    def read(self) -> None:
        """Copy everything now."""
        self._read_policy()
        self._read_identity()
        self._read_geolocation()
        self._read_journal()
        if (fair_share := self._gate.decider.fair_share) is not None:
            self._metrics.fair_share_divided.set(1.0 if fair_share.away else 0.0)
        self._metrics.connections_open.set(len(self._gate.doors.connections))
        for name, upstream in self._upstreams.items():
            self._metrics.upstream_connections.labels(name, "idle").set(upstream.idle)
            self._metrics.upstream_connections.labels(name, "busy").set(upstream.open - upstream.idle)
        for outcome, count in self.config_reloads.items():
            self._metrics.config_reloads.labels(outcome).set_total(count)

    def _tell_content(self, snapshot: Snapshot) -> None:
        """Log what an operator has to look at: a store without policy, entries that do not parse and so deny."""
        if snapshot.initialised != self._initialised:
            self._initialised = snapshot.initialised
            level, name = (logging.INFO, "policy_initialised") if snapshot.initialised else (logging.ERROR, "policy_uninitialised")
            event(LOG, level, name, revision=snapshot.revision)
        for entry in [entry for entry in snapshot.invalid if entry not in self._told][:MOST_TOLD]:
            event(LOG, logging.WARNING, "policy_entry_invalid", key=entry.key, problem=entry.problem, count=len(snapshot.invalid))
        self._told = frozenset(snapshot.invalid)

    def _tell_store(self, *, up: bool) -> None:
        """Log that the store is lost or back, and what else is new about it: a missing right, sentinels that do not confirm."""
        problem, revision = self._watch.last_error, self._watch.snapshot.revision
        if up != self._up:
            self._up = up
            level, name = (logging.INFO, "store_back") if up else (logging.ERROR, "store_lost")
            event(LOG, level, name, problem="" if up else problem, revision=revision)
        elif problem != self._store_problem:
            event(LOG, logging.WARNING, "store_problem", problem=problem, revision=revision)
        self._store_problem = problem

    def _read_policy(self) -> None:
        watch, metrics = self._watch, self._metrics
        self._tell_store(up=watch.up)
        if watch.snapshot.confirmed_at > NEVER:
            metrics.policy_age_seconds.mark(watch.snapshot.confirmed_at)
        metrics.store_up.set(1.0 if watch.up else 0.0)
        metrics.watch_reloads.set_total(watch.reloads)
        metrics.watch_errors.set_total(watch.watch_errors)
        if not math.isnan(watch.canary_seconds):
            metrics.canary_seconds.set(watch.canary_seconds)

    def _read_identity(self) -> None:
        verifier, metrics = self._verifier, self._metrics
        if verifier is not None:
            for key in verifier.counts.keys() | self._past.keys():
                metrics.tokens.labels(*key).set_total(verifier.counts.get(key, 0) + self._past.get(key, 0))
        for name, keyset in self._keysets.items():
            if keyset.loaded:
                metrics.keyset_age_seconds.labels(name).set(keyset.age_seconds)
            for outcome, count in keyset.fetches.items():
                metrics.keyset_fetches.labels(name, outcome).set_total(count)

    def _read_geolocation(self) -> None:
        if self._geolocation is None:
            return
        for name, database in self._geolocation.databases.items():
            self._metrics.geolocation_build.labels(name).set(database.built_at)
        for outcome, count in self._geolocation.counts.items():
            self._metrics.geolocation_reloads.labels(outcome).set_total(count + self._reloaded.get(outcome, 0))

    def _read_journal(self) -> None:
        journal, metrics = self._journal, self._metrics
        metrics.audit_records.set_total(journal.records)
        metrics.audit_lag_seconds.set(journal.lag)
        metrics.audit_failures.set_total(journal.failures + journal.dropped)

    async def _keep_reading(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY
            self.read()
            await asyncio.sleep(due - loop.time())
            self._metrics.loop_lag_seconds.observe(max(0.0, loop.time() - due))
