"""A decision told in full, for operators: the answer, every reason, every rule that was put and what it said; pure.

Rules are named with what they demand, attributes with their kind and source: an explanation never says what a token claims.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.admin.demands import demand
from gateway.admin.instants import write_instant
from gateway.admin.reasoning import source, statement, value
from gateway.policy.access import SELF_ASSERTED, AccessRequest, Instant
from gateway.policy.check import Check
from gateway.policy.decide import decide, trace
from gateway.policy.decision import Decision, Denial, Permit
from gateway.policy.ownership import Ownership
from gateway.policy.snapshot import Grant, Snapshot
from gateway.policy.vocabulary import Reason

Explanation = dict[str, Any]


def explain(request: AccessRequest, snapshot: Snapshot, now: Instant) -> Explanation:
    """Decide as the gate would, and show the checks behind it."""
    decision, checks = decide(request, snapshot, now), trace(request, snapshot, now)
    return {
        **_answer(decision, checks),
        "organisation": request.subject.organisation,
        "class": _class(request, snapshot),
        "issuer": request.subject.issuer,
        "model": request.model,
        "model_id": decision.model.id if decision.model else None,
        "location_source": request.location.source,
        "location_others": [other.source for other in request.location.others],
        "location_built_at": _date(request.location.built_at or math.inf),
        "statements": [statement(one) for one in request.subject.statements] or [SELF_ASSERTED],
        "revision": snapshot.revision,
        "digest": snapshot.digest,
        "checks": _rows(checks, request, snapshot),
    }


def unidentified(reason: Reason, model: str) -> Explanation:
    """Tell that the token was not accepted: no policy was asked."""
    return {"decision": "deny", "reasons": [str(reason)], "rule": "token", "model": model, "checks": []}


def _answer(decision: Decision, checks: Sequence[Check]) -> Explanation:
    """Say what was decided, and on what ground: of a permit the grant, or the stage that asks for none."""
    match decision:
        case Permit():
            staged = next((check.authority for check in checks if check.rule == decision.rule), "")
            authority = decision.grant.authority if decision.grant else staged
            ground = {"rule": decision.rule, "authority": authority, "valid_until": _date(decision.valid_until)}
            return {"decision": "permit", "reasons": [], **ground}
        case Denial():
            ground = {"rule": decision.rule, "authority": decision.authority, "legal_basis": decision.legal_basis}
            return {"decision": "deny", "reasons": [str(reason) for reason in decision.reasons], **ground}


def _rows(checks: Sequence[Check], request: AccessRequest, snapshot: Snapshot) -> list[dict[str, Any]]:
    owners = _owners(request, snapshot)
    return [
        {
            "rule": check.rule,
            "demands": demand(check, snapshot),
            "value": value(check, request, owners),
            "source": source(check, request, owners),
            "result": str(check.result),
            "reason": str(check.reason) if check.reason else "",
            "decides": check.binding,
            "authority": check.authority,
            "note": check.note,
        }
        for check in checks
    ]


def _class(request: AccessRequest, snapshot: Snapshot) -> str | None:
    """Say as what the organisation is on the list of the model, whether its grant holds or not; None where it is not on it."""
    grant = _entry(request, snapshot)
    return None if grant is None or grant.invalid else "evaluator" if grant.evaluator else "partner"


def _owners(request: AccessRequest, snapshot: Snapshot) -> Ownership | None:
    """Give what the organisation's entry tells of its owners."""
    grant = _entry(request, snapshot)
    return grant.ownership if grant is not None else None


def _entry(request: AccessRequest, snapshot: Snapshot) -> Grant | None:
    model = snapshot.catalogue.get(request.model)
    return snapshot.grants.get(model.id, {}).get(request.subject.organisation or "") if model is not None else None


def _date(instant: float) -> str | None:
    return write_instant(datetime.fromtimestamp(instant, UTC)) if math.isfinite(instant) else None
