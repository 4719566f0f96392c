"""What is seen of every request: counters, and a line in the journal. All of it is arithmetic on memory; nothing waits."""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from gateway.audit.instruments import Counter, Gauge, Histogram
from gateway.audit.metrics import DENY, PERMIT, Metrics
from gateway.audit.recorder import Recorder
from gateway.policy.access import Instant, Subject
from gateway.policy.decision import Denial, Permit
from gateway.policy.snapshot import Snapshot
from gateway.proxy.precedents import Precedent
from gateway.proxy.request import Request

if TYPE_CHECKING:
    from gateway.audit.records import Ending
    from gateway.proxy.relay import Relay


class Journal(Protocol):
    """Where lines go. `accepting` is False where records are required and cannot be kept."""

    @property
    def accepting(self) -> bool:
        """Whether requests may be served."""

    def write(self, record: bytes) -> bool:
        """Keep one line, soon."""


class Witness:
    """Counts and records; every other part tells it what happened and asks it nothing but `accepting`."""

    def __init__(self, metrics: Metrics, journal: Journal, recorder: Recorder, clock: Callable[[], Instant]) -> None:
        self.metrics = metrics
        self._journal = journal
        self._recorder = recorder
        self._clock = clock
        self._observe_decision = metrics.decision_seconds.observe
        self._answers: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._endings: dict[str, tuple[Histogram, Gauge]] = {}

    def __repr__(self) -> str:
        return f"<Witness {self.metrics!r}>"

    @property
    def accepting(self) -> bool:
        """False where records are required and cannot be kept: then nothing may be served."""
        return self._journal.accepting

    def on_decision(
        self, request: Request, decision: Permit | Denial, snapshot: Snapshot, asked: Instant, subject: Subject | None, model: str
    ) -> None:
        """One request has been decided on; its question was whole at `asked`."""
        metrics = self.metrics
        label = metrics.model_label(decision.model.id if decision.model is not None else None)
        metrics.decision_seconds.observe(monotonic() - asked.steady)
        if isinstance(decision, Permit):
            metrics.requests.labels(label, PERMIT).inc()
            if decision.monitored:
                self.on_monitored(decision)
        else:
            organisation = metrics.org_label(subject.organisation if subject is not None else None)
            metrics.requests.labels(label, DENY).inc()
            metrics.denied_requests.labels(label, decision.reason.value, organisation).inc()
        self._journal.write(
            self._recorder.decision(
                decision,
                snapshot,
                asked.wall,
                decision_id=request.id,
                request_id=request.id,
                route=request.route.name if request.route is not None else "",
                model=model,
                subject=subject,
            )
        )

    def precedent(self, permit: Permit, snapshot: Snapshot, route: str, since: float) -> Precedent:
        """Prepare what the next request that is permitted alike will need; `since`: the instant of the decision, epoch seconds."""
        counter = self.metrics.requests.labels(self.metrics.model_label(permit.model.id), PERMIT)
        return Precedent(permit, since, self._recorder.form(permit, snapshot, since, route), counter)

    def on_precedent(self, request: Request, precedent: Precedent, asked: Instant) -> None:
        """One request has been permitted as one before it."""
        precedent.counter.inc()
        self._journal.write(precedent.form.line(asked.wall, request.number))
        self._observe_decision(monotonic() - asked.steady)

    def on_monitored(self, permit: Permit, before: tuple[str, ...] = ()) -> None:
        """Directives in monitor mode would have refused a request, or cut a running exchange that those in `before` would not have."""
        organisation = self.metrics.org_label(permit.request.subject.organisation)
        for directive in permit.monitored:
            if directive not in before:
                self.metrics.directive_monitor.labels(directive, organisation).inc()

    def on_answer(self, relay: "Relay", seconds: float) -> None:
        """The upstream's head has come, `seconds` after the request was sent."""
        upstream = relay.permit.model.upstream
        try:
            counter, histogram = self._answers[upstream, relay.status]
        except KeyError:
            counter = self.metrics.upstream_requests.labels(upstream, str(relay.status))
            histogram = self.metrics.upstream_first_byte_seconds.labels(upstream)
            self._answers[upstream, relay.status] = counter, histogram
        counter.inc()
        histogram.observe(seconds)
        if relay.streaming:
            self.metrics.streams_open.labels(self._model(relay)).inc()

    def on_upstream_failed(self, upstream: str) -> None:
        """An upstream could not be reached, or broke off."""
        self.metrics.upstream_requests.labels(upstream, "failed").inc()

    def on_end(self, relay: "Relay") -> None:
        """The exchange is over, however it ended."""
        model = relay.permit.model.id
        try:
            histogram, gauge = self._endings[model]
        except KeyError:
            label = self.metrics.model_label(model)
            histogram, gauge = self._endings[model] = self.metrics.request_seconds.labels(label), self.metrics.streams_open.labels(label)
        histogram.observe(relay.seconds)
        if relay.streaming:
            gauge.dec()

    def on_client_gone(self, relay: "Relay") -> None:
        """The caller left before its answer ended."""
        self.metrics.client_aborts.inc()
        self._ended(relay, "client_gone")

    def on_broken(self, relay: "Relay") -> None:
        """The upstream broke off in the middle of its answer."""
        self._ended(relay, "upstream_failed")

    def on_closed(self, relay: "Relay") -> None:
        """A WebSocket was closed in good order."""
        self._ended(relay, "complete")

    def on_quiet(self, relay: "Relay") -> None:
        """Neither side of a WebSocket has said anything for too long."""
        self._ended(relay, "gone_quiet")

    def on_cut(self, relay: "Relay", denial: Denial) -> None:
        """The permission ended in the middle of the exchange."""
        self.metrics.streams_cut.labels(self._model(relay), denial.reason.value).inc()
        self._ended(relay, "cut", denial)

    def on_abandoned(self) -> None:
        """The caller left before its request was whole or decided on."""
        self.metrics.client_aborts.inc()

    def on_swept(self, seconds: float, cuts: int) -> None:
        """A change has been carried to every lease; `cuts` of them were ended."""
        if cuts:
            self.metrics.revocation_seconds.observe(seconds)

    def on_unserved(self, reason: str) -> None:
        """A connection was closed unserved."""
        self.metrics.refused_connections.labels(reason).inc()

    def _model(self, relay: "Relay") -> str:
        return self.metrics.model_label(relay.permit.model.id)

    def _ended(self, relay: "Relay", ending: "Ending", cut: Denial | None = None) -> None:
        self._journal.write(
            self._recorder.outcome(
                self._clock().wall,
                decision_id=relay.request.id,
                request_id=relay.request.id,
                ending=ending,
                status=relay.status,
                seconds=relay.seconds,
                bytes_sent=relay.bytes_sent,
                cut=cut,
            )
        )
