"""What a request on stored objects comes to, once it is known whose they are: decided on every model with a part in it, and sent on.

Nothing here waits. Whoever comes here after an await has looked up what was asked for; the decision is taken here, now.
"""

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gateway.policy.access import AccessRequest, Instant, Location, Subject
from gateway.policy.decide import decide
from gateway.policy.decision import Denial, Permit
from gateway.policy.holding import Holding, outlasts
from gateway.policy.shelf import shelf_name
from gateway.policy.vocabulary import Reason
from gateway.proxy.keeping import Duty, KeepingRelay, Ledger
from gateway.proxy.relay import Relay
from gateway.proxy.sources import PolicySource
from gateway.wire.asking import BATCH_FILE, Asked
from gateway.wire.uses import RESPONSE, Use

if TYPE_CHECKING:
    from gateway.proxy.journey import Gate
    from gateway.proxy.listener import Connection
    from gateway.proxy.request import Request

NO_HOME: Final = "stored objects of this API are not kept here"
LASTS: Final = "work that nobody waits for is not done by this model: it outlives the permission"
UNSCANNED: Final = "a batch's file must be uploaded here with the purpose batch, where every line is read"


class Case(Struct, frozen=True):
    """One request on its way through the step. `upstream`: where its objects are."""

    connection: "Connection"
    request: "Request"
    subject: Subject
    owner: str
    asked: Asked
    use: Use | None
    upstream: str


class Settlement:
    """Decides on a `Case` and what is known of its objects, and passes it on."""

    def __init__(self, gate: "Gate", policy: PolicySource, ledger: Ledger) -> None:
        self._gate = gate
        self._policy = policy
        self._ledger = ledger

    def __repr__(self) -> str:
        return f"<Settlement under revision {self._policy.snapshot.revision}>"

    def settle(self, case: Case, held: tuple[Holding, ...]) -> None:
        """Decide, on every model that has a part in it, and act on the decision in the same turn."""
        gate, asked, models = self._gate, case.asked, self.models(case, held)
        if len(held) != len(asked.ids):
            gate.replies.refuse(case.connection, case.request, Reason.OBJECT_UNKNOWN)
            return
        permits = self.permits(case, models)
        if not isinstance(permits, list):
            self.deny(case, *permits)
            return
        problem = self._problem(case, held, models)
        if problem:
            gate.replies.refuse(case.connection, case.request, Reason.ROUTE_NOT_ALLOWED, problem)
            return
        decision = gate.decider.decide(case.request, case.subject, models[0], self._location(case), gate.clock())
        if isinstance(decision, Permit):
            self._pass_on(case, [decision, *permits[1:]], models)
        else:
            gate.put_off(case.connection, case.request, decision)

    def _problem(self, case: Case, held: tuple[Holding, ...], models: tuple[str, ...]) -> str:
        """Say what stands in the way although every model is permitted; empty where nothing does."""
        snapshot, wall = self._policy.snapshot, self._gate.clock().wall
        known = [model for name in models if (model := snapshot.catalogue.get(name)) is not None]
        if case.upstream not in self._gate.upstreams or any(model.upstream != case.upstream for model in known):
            return NO_HOME
        if case.asked.lasting and any(outlasts(model.id, snapshot, wall) for model in known):
            return LASTS
        scanned = case.use is None or "scanned" not in case.use.words or (held and all(each.kind == BATCH_FILE for each in held))
        return "" if scanned else UNSCANNED

    def permits(self, case: Case, models: tuple[str, ...]) -> list[Permit] | tuple[Denial, str, Instant]:
        """Decide on the models at this instant: a permit for each, or the first denial, and of which."""
        snapshot, now, location = self._policy.snapshot, self._gate.clock(), self._location(case)
        permits = []
        for model in models:
            decision = decide(AccessRequest(case.subject, model, location), snapshot, now)
            if isinstance(decision, Denial):
                return decision, model, now
            permits.append(decision)
        return permits

    def deny(self, case: Case, denial: Denial, model: str, now: Instant) -> None:
        """Refuse what the policy denies, and put it on record."""
        gate, request = self._gate, case.request
        gate.witness.on_decision(request, denial, self._policy.snapshot, now, case.subject, model)
        gate.replies.answer_refusal(case.connection, request, gate.replies.refusal_of(denial, request))

    def _pass_on(self, case: Case, permits: list[Permit], models: tuple[str, ...]) -> None:
        gate, connection, request = self._gate, case.connection, case.request
        duty = self._duty(case, models)
        request.stream = case.asked.stream or duty is not None  # what has to be read on its way must not be compressed
        first, *others = permits
        kind = gate.relay_type if duty is None and not others else KeepingRelay
        upstream = gate.upstreams[case.upstream]
        address, _ = gate.locator.locate(connection.peer, request.headers)
        relay: Relay = kind(gate, connection, request, first, upstream, request.head is not None and request.head.bodiless, address)
        if isinstance(relay, KeepingRelay):
            relay.duty, relay.others = duty, tuple(others)
        connection.relay = relay
        relay.start()

    def _duty(self, case: Case, models: tuple[str, ...]) -> Duty | None:
        use, asked = case.use, case.asked
        if use is None or not case.owner or (use is RESPONSE and not asked.kept):
            return None
        kind = BATCH_FILE if isinstance(asked.batch, bytes) else use.kind
        holding = Holding(case.owner, kind, self.ids_of(models), int(self._gate.clock().wall))
        if use.gives:
            return Duty(self._ledger, case.upstream, holding, use.gives)
        return Duty(self._ledger, case.upstream, holding, ended=asked.ids[-1]) if "ends" in use.words else None

    def models(self, case: Case, held: tuple[Holding, ...]) -> tuple[str, ...]:
        """Every model with a part in the request, the one that it names first; the shelf where there is none."""
        named = (case.asked.model,) if case.asked.model else ()
        found = dict.fromkeys((*named, *case.asked.others, *(model for each in held for model in each.models)))
        return tuple(found) or (shelf_name(case.upstream),)

    def ids_of(self, models: tuple[str, ...]) -> tuple[str, ...]:
        """Give the models' ids, each once, whatever they were called."""
        known = (self._policy.snapshot.catalogue.get(model) for model in models)
        return tuple(dict.fromkeys(model.id for model in known if model is not None))

    def _location(self, case: Case) -> Location:
        return self._gate.locator.locate(case.connection.peer, case.request.headers)[1]
