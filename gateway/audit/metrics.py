"""Every metric of the gate, by the name that Prometheus sees less `_total`; meanings and alerts are in `docs/metrics.md`.

`metrics.requests.labels(model, "permit").inc()`, `metrics.decision_seconds.observe(0.0004)`. Callers bound their labels with
`model_label` and `org_label`. With several workers on a machine each counts in a file of its own, and any of them answers for all.
"""

import platform
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from gateway import __version__
from gateway.audit import exposition
from gateway.audit.instruments import Age, Counter, Definition, Family, Gauge, Histogram, Instrument, Kind, Merge
from gateway.audit.slots import CAPACITY, Slots
from gateway.audit.workers import read_all

OTHER: Final = "other"
PERMIT: Final = "permit"
DENY: Final = "deny"

FAST: Final = (5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 1.0)
"""Seconds, for work inside the gate."""
CUT: Final = (5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 3e-2, 5e-2, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds, from a change to the last cut: fine where the promise is made, up to the staleness bound."""
SLOW: Final = (5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds, for answers of models."""


class Metrics:
    """The metrics of this worker, and the merged text of all workers that share `run_dir` (None: this one is alone)."""

    def __init__(self, run_dir: Path | None = None, worker: str = "w0", *, org_label: bool = True, capacity: int = CAPACITY) -> None:
        """Open this worker's numbers. With `org_label` off no organisation ever becomes a label."""
        self.definitions: dict[str, Definition] = {}
        self._run_dir = run_dir
        self._slots = Slots(run_dir, worker, capacity)
        self._org_label = org_label
        self._models: frozenset[str] = frozenset()
        self._allowlists: tuple[Collection[str], ...] = ()
        self.series_dropped: Counter = self._one(Counter, "series_dropped_total", "Look-ups of a series for which no room was left.")
        self._define_requests()
        self._define_policy()
        self._define_identity()
        self._define_process()

    def __repr__(self) -> str:
        return f"<Metrics {self._slots!r} of {self._run_dir or 'one worker'}>"

    def _define_requests(self) -> None:
        many, one = self._many, self._one
        self.requests = many(Counter, "requests_total", "Requests by decision.", "model", "decision")
        self.denied_requests = many(Counter, "denied_requests_total", "Refused requests by first reason.", "model", "reason", "org")
        self.decision_seconds = one(Histogram, "decision_seconds", "From the request's last byte to the decision.", bounds=FAST)
        self.request_seconds = many(Histogram, "request_seconds", "From the request line to the last byte.", "model", bounds=SLOW)
        self.upstream_requests = many(Counter, "upstream_requests_total", "Requests sent on, by status.", "upstream", "status")
        self.upstream_first_byte_seconds = many(
            Histogram, "upstream_first_byte_seconds", "From the request sent to the first byte back.", "upstream", bounds=SLOW
        )
        self.upstream_connections = many(Gauge, "upstream_connections", "Connections to upstreams by state.", "upstream", "state")
        self.streams_open = many(Gauge, "streams_open", "Answers under way, each under a lease.", "model")
        self.streams_cut = many(Counter, "streams_cut_total", "Running answers cut off: permission lost.", "model", "reason")
        self.revocation_seconds = one(Histogram, "revocation_seconds", "From a change seen to the last answer cut.", bounds=CUT)
        self.client_aborts = one(Counter, "client_aborts_total", "Callers that left before their answer ended.")
        self.certificate_expiry = many(
            Gauge, "certificate_expiry_timestamp_seconds", "When each listener's certificate ends, since 1970.", "listener", merge=Merge.MIN
        )
        self.connections_open = one(Gauge, "connections_open", "Connections of callers.")
        self.refused_connections = many(Counter, "refused_connections_total", "Connections closed unserved or broken off.", "reason")

        self.fair_share_takes = many(Counter, "fair_share_takes_total", "Questions to the store for more of a share.", "outcome")
        self.fair_share_divided = one(Gauge, "fair_share_divided", "1 while any worker counts shares without the store.", merge=Merge.MAX)

    def _define_policy(self) -> None:
        many, one, high, low = self._many, self._one, Merge.MAX, Merge.MIN
        self.policy_revision = one(Gauge, "policy_revision", "Revision applied; the lowest of the workers.", merge=low)
        self.policy_age_seconds = one(Age, "policy_age_seconds", "Since the store last confirmed the policy; the oldest.", merge=Merge.AGE)
        self.policy_entries = many(Gauge, "policy_entries", "Entries of the policy by kind.", "kind", merge=high)
        self.policy_invalid_entries = one(Gauge, "policy_invalid_entries", "Stored entries that do not parse and so deny.", merge=high)
        self.store_up = one(Gauge, "store_up", "1 while every worker hears the store.", merge=low)
        self.canary_seconds = one(Gauge, "canary_seconds", "From a write to its push, last measured; the slowest.", merge=high)
        self.watch_reloads = one(Counter, "watch_reloads_total", "Full reads of the policy.")
        self.watch_errors = one(Counter, "watch_errors_total", "Failures while watching the store, each followed by a retry.")
        self.outside_changes = one(Counter, "outside_changes_total", "Changes of the policy around the tools, as each worker saw them.")
        self.replica_report_failures = one(Counter, "replica_report_failures_total", "Reports to the store that failed.")
        self.reload_seconds = one(Histogram, "reload_seconds", "From a change seen to the new policy in use.", bounds=CUT)
        self.directive_monitor = many(Counter, "directive_monitor_total", "Would-be refusals of monitored directives.", "directive", "org")
        self.ledger = many(Counter, "ledger_operations_total", "Operations on the ledger of stored objects.", "operation", "outcome")
        self.config_reloads = many(Counter, "config_reloads_total", "Reads of the configuration file after start.", "outcome")
        for outcome in ("ok", "failed"):  # present at zero, so that the first failure is an increase
            self.config_reloads.labels(outcome)

    def _define_identity(self) -> None:
        many, one, high = self._many, self._one, Merge.MAX
        self.keyset_age_seconds = many(Age, "keyset_age_seconds", "Since the issuer's keys were read.", "issuer", merge=Merge.AGE)
        self.keyset_fetches = many(Counter, "keyset_fetches_total", "Reads of issuers' keys.", "issuer", "outcome")
        self.tokens = many(Counter, "tokens_total", "Tokens judged.", "issuer", "outcome")
        self.geolocation_build = many(
            Gauge, "geolocation_build_timestamp_seconds", "Build of each database, since 1970; the oldest.", "kind", merge=Merge.MIN
        )
        self.geolocation_reloads = many(Counter, "geolocation_reloads_total", "Databases replaced while running.", "outcome")
        self.audit_records = one(Counter, "audit_records_total", "Records written to the journal.")
        self.audit_lag_seconds = one(Gauge, "audit_lag_seconds", "Age of the oldest record not yet written.", merge=high)
        self.audit_failures = one(Counter, "audit_failures_total", "Failed writes to the journal, and records dropped.")

    def _define_process(self) -> None:
        one = self._one
        self.standstills = one(Counter, "standstills_total", "Times a worker stood still, and asked the store before it went on.")
        self.loop_lag_seconds = one(Histogram, "loop_lag_seconds", "How late the event loop called a timer.", bounds=FAST)
        self.build_info = self._many(Gauge, "build_info", "Always 1; the versions are labels.", "version", "python", merge=Merge.MAX)
        self.build_info.labels(__version__, platform.python_version()).set(1)
        self._workers: Gauge = one(Gauge, "workers", "Live workers behind this answer.", merge=Merge.MAX)

    def _many(
        self, make: type[Instrument], name: str, text: str, *labels: str, merge: Merge = Merge.SUM, bounds: tuple[float, ...] = ()
    ) -> Family[Instrument]:
        definition = Definition(name, _KINDS[make], text, labels, merge, bounds)
        self.definitions[name] = definition
        return Family(self._slots, definition, make, getattr(self, "series_dropped", None))

    def _one(self, make: type[Instrument], name: str, text: str, *, merge: Merge = Merge.SUM, bounds: tuple[float, ...] = ()) -> Instrument:
        return self._many(make, name, text, merge=merge, bounds=bounds).labels()

    def set_known(self, models: Iterable[str], allowlists: Iterable[Collection[str]]) -> None:
        """Say which model ids and organisations may become labels: those of the catalogue and of the allowlists, kept as they are."""
        self._models = frozenset(models)
        self._allowlists = tuple(filter(None, allowlists))

    def model_label(self, name: str | None) -> str:
        """Give the label of a model: its id, or `other`."""
        return name if name is not None and name in self._models else OTHER

    def org_label(self, organisation: str | None) -> str:
        """Give the label of an organisation: its name, `other`, or nothing where these labels are off."""
        if not self._org_label:
            return ""
        if organisation is not None:
            for allowlist in self._allowlists:
                if organisation in allowlist:
                    return organisation
        return OTHER

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Give the text of all workers and its content type. It reads files and takes milliseconds: call it in a thread.

        Raises `MetricsUnavailableError` where the run directory stays locked.
        """
        return exposition.render(self.definitions, read_all(self._run_dir, self._slots, self.definitions), accept)

    def close(self) -> None:
        """Leave; what was counted stays in the run directory, and with it in the sums of the other workers."""
        self._slots.close()


_KINDS: Final[dict[type, Kind]] = {Counter: Kind.COUNTER, Gauge: Kind.GAUGE, Age: Kind.GAUGE, Histogram: Kind.HISTOGRAM}
