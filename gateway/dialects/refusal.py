"""A refusal as the caller will see it: one reason, who to ask, and nothing about the caller's attributes."""

from typing import Final

from msgspec import Struct

from gateway.policy.decision import Denial
from gateway.policy.share import Excess, Share
from gateway.policy.vocabulary import PRECEDENCE, Reason


class House(Struct, frozen=True):
    """What every refusal of this gate says besides its reason: settings `refusals`, and seconds to wait on a 503 or 429."""

    contact: str = ""
    blocked_by: str = ""
    retry_after: int = 5


class Refusal(Struct, frozen=True):
    """What is rendered. `model` is the name as the caller wrote it; `retry_after` in whole seconds, used by 429 and 503 only.

    `message` is the rule's own text (a directive's); empty gives the reason's text. `detail` says what was wrong with a
    malformed request; it is written by the gate and quotes nothing that the caller sent. `excess` is which limit was reached.
    """

    reason: Reason
    decision_id: str
    request_id: str
    model: str | None = None
    contact: str = ""
    legal_basis: str = ""
    blocked_by: str = ""
    authority: str = ""
    message: str = ""
    detail: str = ""
    retry_after: int = 5
    revision: int | None = None
    excess: Excess | None = None


class Response(Struct, frozen=True):
    """A whole response but for its framing: the relay writes content-length, date and connection itself. Names are lower-case."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def from_reason(reason: Reason, decision_id: str, request_id: str, house: House, detail: str = "") -> Refusal:
    """Refuse a request that never reached the policy: malformed, unidentified, no such route."""
    return Refusal(
        reason, decision_id, request_id, contact=house.contact, blocked_by=house.blocked_by, detail=detail, retry_after=house.retry_after
    )


def from_denial(denial: Denial, decision_id: str, request_id: str, house: House, *, conceal: bool = True) -> Refusal:
    """Refuse a request that the policy denied. A hidden model's refusal becomes that of a model that does not exist.

    `conceal` False is for a running stream: its caller was permitted, and so knows the model.
    """
    hidden = conceal and denial.model is not None and denial.model.hidden and denial.reason not in _SAME_FOR_EVERY_MODEL
    return Refusal(
        reason=Reason.MODEL_UNKNOWN if hidden else denial.reason,
        decision_id=decision_id,
        request_id=request_id,
        model=denial.request.model if denial.request is not None else None,
        contact=house.contact if hidden else denial.contact or house.contact,
        legal_basis="" if hidden else denial.legal_basis,
        blocked_by=house.blocked_by,
        authority="" if hidden else denial.authority,
        message="" if hidden else denial.message,
        retry_after=house.retry_after,
        revision=denial.revision,
        excess=denial.excess,
        detail="" if denial.excess is None else limit_of(denial.excess.share, concurrent=denial.excess.concurrent),
    )


def limit_of(share: Share, *, concurrent: bool) -> str:
    """Say which limit was reached, and what it is."""
    if concurrent:
        return f"{share.concurrent} requests may be under way at the same time"
    return f"{share.requests} requests in {share.per:g} s may be made" if share.requests else "limits cannot be counted at present"


# A refusal for one of these says nothing about the model; a stale policy does, because it stops gated models only.
_SAME_FOR_EVERY_MODEL: Final = frozenset(
    (
        *(reason for reason in Reason if PRECEDENCE[reason] < PRECEDENCE[Reason.POLICY_STALE]),
        Reason.AUDIT_UNAVAILABLE,
        Reason.LIMIT_EXCEEDED,
    )
)
