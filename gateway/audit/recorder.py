"""Turns decisions and endings into lines of evidence: the one place that says which fact goes into which field. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

from gateway.audit.pseudonyms import Pseudonyms
from gateway.audit.records import DecisionRecord, Ending, Form, OutcomeRecord, encode, form_of, rfc3339
from gateway.policy.access import Subject
from gateway.policy.check import Source
from gateway.policy.decision import Denial, Permit
from gateway.policy.snapshot import Grant, Model, Snapshot, StageRecord
from gateway.policy.stage import stage_of

_NOBODY: Final[Mapping[str, Grant]] = {}


class Recorder:
    """Turns decisions of this worker into lines."""

    __slots__ = ("_pseudonyms", "_worker")

    def __init__(self, worker: str, subject_key: bytes = b"") -> None:
        """Name the worker in every record; `subject_key` is the operator's HMAC key (see `Pseudonyms`)."""
        self._worker = worker
        self._pseudonyms = Pseudonyms(subject_key)

    def __repr__(self) -> str:
        return f"<Recorder {self._worker} {self._pseudonyms!r}>"

    def decision(
        self,
        decision: Permit | Denial,
        snapshot: Snapshot,
        when: float,
        *,
        decision_id: str,
        request_id: str,
        route: str,
        model: str = "",
        subject: Subject | None = None,
    ) -> bytes:
        """Record `decision`, made under `snapshot` at `when` (epoch seconds).

        `model` and `subject` say what is known where a refusal came before there was a whole question; the decision's own request wins.
        """
        return encode(
            self._record(decision, snapshot, when, rfc3339(when), decision_id, request_id, route, model, subject),
        )

    def form(self, permit: Permit, snapshot: Snapshot, since: float, route: str) -> Form:
        """Give the form of the records of requests that are permitted alike from `since` on (epoch seconds)."""
        return form_of(self._record(permit, snapshot, since, "", "", "", route, "", None))

    def _record(
        self,
        decision: Permit | Denial,
        snapshot: Snapshot,
        wall: float,
        when: str,
        decision_id: str,
        request_id: str,
        route: str,
        model: str,
        subject: Subject | None,
    ) -> DecisionRecord:
        request = decision.request
        if request is not None:
            subject, model = request.subject, request.model
        known = decision.model
        stage, source = ("", None) if known is None else stage_of(known, snapshot, wall)
        return DecisionRecord(
            when,
            decision_id,
            request_id,
            self._worker,
            "deny" if isinstance(decision, Denial) else "permit",
            decision.reasons if isinstance(decision, Denial) else (),
            decision.rule,
            route,
            model,
            known.id if known is not None else "",
            stage,
            subject.issuer if subject is not None else "",
            (subject.organisation or "") if subject is not None else "",
            self._pseudonyms.of(subject) if subject is not None else "",
            self._pseudonyms.key_id,
            _authority(decision, source),
            decision.revision,
            snapshot.digest,
            request.location.source if request is not None else "none",
            _class(known, snapshot, subject),
        )

    def outcome(
        self,
        when: float,
        *,
        decision_id: str,
        request_id: str,
        ending: Ending,
        status: int,
        seconds: float,
        bytes_sent: int,
        cut: Denial | None = None,
    ) -> bytes:
        """Record how the answer ended at `when` (epoch seconds); `cut` is the decision that ended it early."""
        reasons, revision = (cut.reasons, cut.revision) if cut is not None else ((), 0)
        return encode(
            OutcomeRecord(rfc3339(when), decision_id, request_id, self._worker, ending, status, seconds, bytes_sent, reasons, revision)
        )


def _authority(decision: Permit | Denial, stage: Source | None) -> str:
    """Give the reference on which the decision rests: of a permit that of the grant, or of the stage that asks for none."""
    if isinstance(decision, Denial):
        return decision.authority
    if decision.grant is not None:
        return decision.grant.authority
    return stage.authority if isinstance(stage, StageRecord) else ""


def _class(model: Model | None, snapshot: Snapshot, subject: Subject | None) -> Literal["partner", "evaluator", ""]:
    if model is None or subject is None or subject.organisation is None:
        return ""
    grant = snapshot.grants.get(model.id, _NOBODY).get(subject.organisation)
    return "" if grant is None or grant.invalid else "evaluator" if grant.evaluator else "partner"
