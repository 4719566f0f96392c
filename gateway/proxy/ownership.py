"""The step for requests that work on stored objects: look up whose they are, put the question to the policy, send it on.

Look up first, decide afterwards: nothing decided is carried over an await. An object that is not there and one that is another's get
the same answer after the same look-up.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct, structs

from gateway.errors import StoreUnavailableError
from gateway.policy.access import AccessRequest, Instant, Location, Subject
from gateway.policy.decide import decide
from gateway.policy.decision import Denial, Permit
from gateway.policy.holding import Holding, outlasts
from gateway.policy.shelf import shelf_name
from gateway.policy.vocabulary import Reason
from gateway.proxy.keeping import Duty, KeepingRelay
from gateway.proxy.keeping import Ledger as Keeper
from gateway.proxy.relay import Relay
from gateway.proxy.replies import PolicySource
from gateway.wire.asking import BATCH_FILE, Asked, read_asked, read_referring
from gateway.wire.batch import MOST_LINES, Batch, read_batch_file
from gateway.wire.refused import Refused
from gateway.wire.route import Dialect, Kind, Route
from gateway.wire.routes import dialect_of
from gateway.wire.uses import RESPONSE, Use, find_use

if TYPE_CHECKING:
    from gateway.proxy.journey import Gate
    from gateway.proxy.listener import Connection
    from gateway.proxy.request import Request

RESPONSES: Final = frozenset(("responses", "azure_responses", "azure_v1_responses"))
NO_ORGANISATION: Final = "stored objects belong to organisations, and the token names none"
NO_HOME: Final = "stored objects of this API are not kept here"
LASTS: Final = "work that nobody waits for is not done by this model: it outlives the permission"
UNSCANNED: Final = "a batch's file must be uploaded here with the purpose batch, where every line is read"
SLICE: Final = 1 << 16
"""Bytes of a batch's file that are read between two turns of the loop."""


class Ledger(Keeper, Protocol):
    """Who knows whose the objects are. Failures are StoreUnavailableError."""

    async def look_up(self, upstream: str, names: Sequence[str]) -> list[Holding | None]:
        """Give what is known of each object."""

    async def mark(self, upstream: str, names: Sequence[str], models: Sequence[str]) -> None:
        """Objects have taken up what these models say."""


class _Case(Struct, frozen=True):
    """One request on its way through the step. `upstream`: where its objects are."""

    connection: "Connection"
    request: "Request"
    subject: Subject
    owner: str
    asked: Asked
    use: Use | None
    upstream: str


class Ownership:
    """`homes`: the upstream that keeps the objects of an API."""

    def __init__(self, gate: "Gate", policy: PolicySource, ledger: Ledger, homes: Mapping[Dialect, str]) -> None:
        self._gate = gate
        self._policy = policy
        self._ledger = ledger
        self._homes = homes

    def __repr__(self) -> str:
        return f"<Ownership by {self._ledger!r}>"

    def serves(self, request: "Request") -> bool:
        """Whether a request on a stateful route is one whose objects the ledger can know."""
        envelope = request.envelope
        return envelope is not None and find_use(envelope.method, envelope.path) is not None

    def judge(self, connection: "Connection", request: "Request", route: Route, subject: Subject) -> bool:
        """Take over a whole request that works on stored objects or makes one; False leaves it to the usual path."""
        if route.kind is Kind.STATEFUL:
            self._stateful(connection, request, route, subject)
            return True
        if route.name in RESPONSES:
            self.refer(connection, request, route, subject)
            return True
        return False

    def refer(self, connection: "Connection", request: "Request", route: Route, subject: Subject) -> None:
        """Take over an inference request that refers to stored objects, or whose answer is kept."""
        head = request.head
        if head is None:
            self._gate.refuse_unreadable(connection, request)
            return
        envelope = head.envelope
        asked = read_referring(route, envelope.path, envelope.query, envelope.headers, request.whole_body())
        if isinstance(asked, Refused):
            self._refuse(connection, request, asked.reason, asked.detail)
            return
        model = self._policy.snapshot.catalogue.get(asked.model)
        use = RESPONSE if route.name in RESPONSES else None
        self._examine(connection, request, subject, asked, use, "" if model is None else model.upstream)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _stateful(self, connection: "Connection", request: "Request", route: Route, subject: Subject) -> None:
        head = request.head
        use = find_use(head.envelope.method, head.envelope.path) if head is not None else None
        if head is None or use is None:
            self._gate.refuse_unreadable(connection, request)
            return
        home = self._homes.get(dialect_of(route, request.headers), "")
        if home not in self._gate.upstreams or subject.organisation is None:
            self._refuse(connection, request, Reason.ROUTE_NOT_ALLOWED, NO_HOME if subject.organisation is not None else NO_ORGANISATION)
            return
        envelope = head.envelope
        asked = read_asked(use, route, envelope.path, envelope.query, envelope.headers, request.whole_body(), self._lasts)
        if isinstance(asked, Refused):
            self._refuse(connection, request, asked.reason, asked.detail)
            return
        self._examine(connection, request, subject, asked, use, home)

    def _examine(
        self, connection: "Connection", request: "Request", subject: Subject, asked: Asked, use: Use | None, upstream: str
    ) -> None:
        """Ask what can be asked without the ledger first: whoever is refused anyway costs it nothing."""
        case = _Case(connection, request, subject, subject.organisation or "", asked, use, upstream)
        if asked.ids and not case.owner:
            self._refuse(connection, request, Reason.ROUTE_NOT_ALLOWED, NO_ORGANISATION)
            return
        denial = self._denial(case, self._models(case, ()))
        if denial is not None:
            self._deny(case, *denial)
        elif asked.ids or asked.lines is not None:
            self._gate.later(self._look_up(case))
        else:
            self._settle(case, ())

    async def _look_up(self, case: _Case) -> None:
        asked = case.asked
        if asked.lines is not None:
            batch = await self._read_lines(asked.lines)
            if not case.connection.is_serving(case.request):
                return
            if isinstance(batch, Refused):
                self._refuse(case.connection, case.request, batch.reason, batch.detail)
                return
            case = structs.replace(case, asked=structs.replace(asked, others=batch.models))
        try:
            found = await self._ledger.look_up(case.upstream, asked.ids) if asked.ids else []
            held = tuple(each for each in found if each is not None and each.owner == case.owner)
            if len(held) == len(asked.ids):
                await self._mark(case, held)
        except StoreUnavailableError:
            if case.connection.is_serving(case.request):
                self._refuse(case.connection, case.request, Reason.LEDGER_UNAVAILABLE)
            return
        if not case.connection.is_serving(case.request):
            return
        if len(held) != len(asked.ids):
            self._refuse(case.connection, case.request, Reason.OBJECT_UNKNOWN)
            return
        self._settle(case, held)

    async def _mark(self, case: _Case, held: tuple[Holding, ...]) -> None:
        """Enter the models with what takes up their words, where the request would be permitted now; it is decided on again afterwards."""
        models = self._models(case, held)
        ids = self._ids_of(models)
        by_name = dict(zip(case.asked.ids, held, strict=True))
        fresh = [name for name in case.asked.filled if name in by_name and not set(ids) <= set(by_name[name].models)]
        if fresh and ids and self._denial(case, models) is None:
            await self._ledger.mark(case.upstream, fresh, ids)

    def _settle(self, case: _Case, held: tuple[Holding, ...]) -> None:
        """Decide, on every model that has a part in it, and act on the decision in the same turn."""
        asked, models = case.asked, self._models(case, held)
        if len(held) != len(asked.ids):
            self._refuse(case.connection, case.request, Reason.OBJECT_UNKNOWN)
            return
        denial = self._denial(case, models)
        if denial is not None:
            self._deny(case, *denial)
            return
        problem = self._problem(case, held, models)
        if problem:
            self._refuse(case.connection, case.request, Reason.ROUTE_NOT_ALLOWED, problem)
            return
        gate = self._gate
        decision = gate.decide(case.request, case.subject, models[0], self._location(case), gate.clock(), credit=True)
        if isinstance(decision, Permit):
            self._pass_on(case, decision, models)
        elif isinstance(decision, Denial):
            gate.replies.answer_refusal(case.connection, case.request, gate.replies.refusal_of(decision, case.request))

    def _problem(self, case: _Case, held: tuple[Holding, ...], models: tuple[str, ...]) -> str:
        """Say what stands in the way although every model is permitted; empty where nothing does."""
        snapshot, wall = self._policy.snapshot, self._gate.clock().wall
        known = [model for name in models if (model := snapshot.catalogue.get(name)) is not None]
        if case.upstream not in self._gate.upstreams or any(model.upstream != case.upstream for model in known):
            return NO_HOME
        if case.asked.lasting and any(outlasts(model.id, snapshot, wall) for model in known):
            return LASTS
        scanned = case.use is None or "scanned" not in case.use.words or (held and all(each.kind == BATCH_FILE for each in held))
        return "" if scanned else UNSCANNED

    def _denial(self, case: _Case, models: tuple[str, ...]) -> tuple[Denial, str, Instant] | None:
        """Give the first denial of the models at this instant, and of which."""
        snapshot, now, location = self._policy.snapshot, self._gate.clock(), self._location(case)
        for model in models:
            decision = decide(AccessRequest(case.subject, model, location), snapshot, now)
            if isinstance(decision, Denial):
                return decision, model, now
        return None

    def _deny(self, case: _Case, denial: Denial, model: str, now: Instant) -> None:
        gate, request = self._gate, case.request
        gate.witness.on_decision(request, denial, self._policy.snapshot, now, case.subject, model)
        gate.replies.answer_refusal(case.connection, request, gate.replies.refusal_of(denial, request))

    def _pass_on(self, case: _Case, permit: Permit, models: tuple[str, ...]) -> None:
        gate, connection, request = self._gate, case.connection, case.request
        duty = self._duty(case, models)
        request.stream = case.asked.stream or duty is not None  # what has to be read on its way must not be compressed
        kind = gate.relay_type if duty is None else KeepingRelay
        upstream = gate.upstreams[case.upstream]
        address, _ = gate.locator.locate(connection.peer, request.headers)
        relay: Relay = kind(gate, connection, request, permit, upstream, request.head is not None and request.head.bodiless, address)
        if isinstance(relay, KeepingRelay):
            relay.duty = duty
        connection.relay = relay
        relay.start()

    def _duty(self, case: _Case, models: tuple[str, ...]) -> Duty | None:
        use, asked = case.use, case.asked
        if use is None or not case.owner or (use is RESPONSE and not asked.kept):
            return None
        kind = BATCH_FILE if asked.lines is not None else use.kind
        holding = Holding(case.owner, kind, self._ids_of(models), int(self._gate.clock().wall))
        if use.gives:
            return Duty(self._ledger, case.upstream, holding, use.gives)
        return Duty(self._ledger, case.upstream, holding, ended=asked.ids[-1]) if "ends" in use.words else None

    def _models(self, case: _Case, held: tuple[Holding, ...]) -> tuple[str, ...]:
        """Every model with a part in the request, the one that it names first; the shelf where there is none."""
        named = (case.asked.model,) if case.asked.model else ()
        found = dict.fromkeys((*named, *case.asked.others, *(model for each in held for model in each.models)))
        return tuple(found) or (shelf_name(case.upstream),)

    def _ids_of(self, models: tuple[str, ...]) -> tuple[str, ...]:
        known = (self._policy.snapshot.catalogue.get(model) for model in models)
        return tuple(dict.fromkeys(model.id for model in known if model is not None))

    def _location(self, case: _Case) -> Location:
        return self._gate.locator.locate(case.connection.peer, case.request.headers)[1]

    def _lasts(self, model: str) -> bool:
        return outlasts(model, self._policy.snapshot, self._gate.clock().wall)

    def _refuse(self, connection: "Connection", request: "Request", reason: Reason, detail: str = "") -> None:
        self._gate.replies.refuse(connection, request, reason, detail)

    async def _read_lines(self, content: bytes) -> Batch | Refused:
        """Read a batch's file in slices, so that nobody else waits for all of it."""
        models: dict[str, None] = {}
        place, count = 0, 0
        while place < len(content) or not count:
            end = content.find(b"\n", min(place + SLICE, len(content))) + 1 or len(content)
            batch = read_batch_file(content[place:end], self._lasts, count + 1)
            if isinstance(batch, Refused):
                return batch
            models.update(dict.fromkeys(batch.models))
            place, count = end, count + batch.requests
            if count > MOST_LINES:
                return Refused(Reason.MALFORMED_REQUEST, f"the batch holds over {MOST_LINES} requests")
            await asyncio.sleep(0)
        return Batch(tuple(models), count)
