"""A decision told in full, for operators: the answer, every reason, every rule that was put and what it said; pure.

Rules are named, attributes are not: an explanation never says what a token claims.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.admin.instants import write_instant
from gateway.policy.access import SELF_ASSERTED, AccessRequest, Instant, Statement
from gateway.policy.check import Check
from gateway.policy.decide import decide, trace
from gateway.policy.decision import Decision, Denial, Permit
from gateway.policy.snapshot import Snapshot
from gateway.policy.vocabulary import Reason

Explanation = dict[str, Any]


def explain(request: AccessRequest, snapshot: Snapshot, now: Instant) -> Explanation:
    """Decide as the gate would, and show the checks behind it."""
    decision = decide(request, snapshot, now)
    return {
        **_answer(decision),
        "organisation": request.subject.organisation,
        "issuer": request.subject.issuer,
        "model": request.model,
        "model_id": decision.model.id if decision.model else None,
        "location_source": request.location.source,
        "location_others": [other.source for other in request.location.others],
        "location_built_at": _date(request.location.built_at or math.inf),
        "statements": [_statement(one) for one in request.subject.statements] or [SELF_ASSERTED],
        "revision": snapshot.revision,
        "digest": snapshot.digest,
        "checks": _rows(trace(request, snapshot, now)),
    }


def unidentified(reason: Reason, model: str) -> Explanation:
    """Tell that the token was not accepted: no policy was asked."""
    return {"decision": "deny", "reasons": [str(reason)], "rule": "token", "model": model, "checks": []}


def _answer(decision: Decision) -> Explanation:
    match decision:
        case Permit():
            authority = decision.grant.authority if decision.grant else ""
            ground = {"rule": decision.rule, "authority": authority, "valid_until": _date(decision.valid_until)}
            return {"decision": "permit", "reasons": [], **ground}
        case Denial():
            ground = {"rule": decision.rule, "authority": decision.authority, "legal_basis": decision.legal_basis}
            return {"decision": "deny", "reasons": [str(reason) for reason in decision.reasons], **ground}


def _rows(checks: Sequence[Check]) -> list[dict[str, Any]]:
    return [
        {
            "rule": check.rule,
            "result": str(check.result),
            "reason": str(check.reason) if check.reason else "",
            "decides": check.binding,
            "authority": check.authority,
            "note": check.note,
        }
        for check in checks
    ]


def _statement(told: Statement) -> str:
    """Name a part of the token and how it was verified, not what it says."""
    evidence = told.verification
    if evidence is None:
        return told.source
    known = (evidence.trust_framework, evidence.assurance_level, _date(evidence.time if evidence.time is not None else math.inf))
    return f"{told.source} ({', '.join(part for part in known if part)})"


def _date(instant: float) -> str | None:
    return write_instant(datetime.fromtimestamp(instant, UTC)) if math.isfinite(instant) else None
