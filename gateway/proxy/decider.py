"""The decision as the path asks for it: by the policy in force, within the caller's share, and on record."""

from gateway.policy.access import AccessRequest, Instant, Location, Subject
from gateway.policy.decide import decide
from gateway.policy.decision import Denial, Permit
from gateway.policy.vocabulary import Reason
from gateway.proxy.allotment import Allotment
from gateway.proxy.evidence import Witness
from gateway.proxy.fair_share import FairShare
from gateway.proxy.precedents import Precedents
from gateway.proxy.request import Request
from gateway.proxy.sources import PolicySource


class Decider:
    """Whom every request, message and look-up is put to. `fair_share` is None while nobody's share is limited."""

    __slots__ = ("_precedents", "_witness", "fair_share", "policy")

    def __init__(self, policy: PolicySource, witness: Witness) -> None:
        self.policy = policy
        self.fair_share: FairShare | None = None
        self._witness = witness
        self._precedents = Precedents()

    def __repr__(self) -> str:
        return f"<Decider by revision {self.policy.snapshot.revision}>"

    def decide(
        self, request: Request, subject: Subject, model: str, location: Location, now: Instant, *, credit: bool = False
    ) -> Permit | Denial | Allotment:
        """Ask the policy, at the instant `now` at which its question was whole, and put the answer on record.

        Nothing is decided yet where an allotment is answered: `await_share` and ask again. With `credit` that is not so.
        """
        snapshot, witness, fair_share = self.policy.snapshot, self._witness, self.fair_share
        route = request.route.name if request.route is not None else ""
        if not witness.accepting:
            refused = Denial((Reason.AUDIT_UNAVAILABLE,), AccessRequest(subject, model, location), revision=snapshot.revision)
            witness.on_decision(request, refused, snapshot, now, subject, model)
            return refused
        precedent = self._precedents.find(subject, model, location, route, snapshot, now)
        if precedent is not None:
            over = None if fair_share is None else fair_share.judge(precedent.permit, now, credit=credit)
            if over is None:
                witness.on_precedent(request, precedent, now)
                return precedent.permit
            return self._over_share(request, over, now)
        decision = decide(AccessRequest(subject, model, location), snapshot, now)
        if fair_share is not None and isinstance(decision, Permit):
            over = fair_share.judge(decision, now, credit=credit)
            if over is not None:
                return self._over_share(request, over, now)
        witness.on_decision(request, decision, snapshot, now, subject, model)
        if isinstance(decision, Permit) and not decision.monitored:
            self._precedents.keep(witness.precedent(decision, snapshot, route, now.wall), route, snapshot)
        return decision

    async def await_share(self, allotment: Allotment) -> None:
        """Wait for the store's answer; then decide anew, for the policy may be another one."""
        if self.fair_share is not None:
            await self.fair_share.fetch(allotment)

    def _over_share(self, request: Request, answer: Denial | Allotment, now: Instant) -> Denial | Allotment:
        """Put it on record where it is a refusal."""
        if isinstance(answer, Denial) and answer.request is not None:
            access = answer.request
            self._witness.on_decision(request, answer, self.policy.snapshot, now, access.subject, access.model)
        return answer
