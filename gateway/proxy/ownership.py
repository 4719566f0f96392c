"""The step for requests that work on stored objects: look up whose they are, put the question to the policy, send it on.

Look up first, decide afterwards: nothing decided is carried over an await. An object that is not there and one that is another's get
the same answer after the same look-up.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Raw, structs

from gateway.errors import StoreUnavailableError
from gateway.policy.access import Subject
from gateway.policy.holding import Holding, outlasts
from gateway.policy.vocabulary import Reason
from gateway.proxy.keeping import Ledger as Keeper
from gateway.proxy.recognition import doubt
from gateway.proxy.settlement import NO_HOME, Case, Settlement
from gateway.proxy.sources import PolicySource
from gateway.wire.asking import Asked, read_asked, read_referring
from gateway.wire.batch import Batch, in_slices
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


class Ledger(Keeper, Protocol):
    """Who knows whose the objects are. Failures are StoreUnavailableError."""

    async def look_up(self, upstream: str, names: Sequence[str]) -> list[Holding | None]:
        """Give what is known of each object."""

    async def mark(self, upstream: str, names: Sequence[str], models: Sequence[str]) -> None:
        """Objects have taken up what these models say."""


class Ownership:
    """`homes`: the upstream that keeps the objects of an API."""

    def __init__(self, gate: "Gate", policy: PolicySource, ledger: Ledger, homes: Mapping[Dialect, str]) -> None:
        self._gate = gate
        self._policy = policy
        self._ledger = ledger
        self._homes = homes
        self._settlement = Settlement(gate, policy, ledger)

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
        asked = read_asked(use, route, envelope.path, envelope.query, envelope.headers, request.whole_body())
        if isinstance(asked, Refused):
            self._refuse(connection, request, asked.reason, asked.detail)
            return
        self._examine(connection, request, subject, asked, use, home)

    def _examine(
        self, connection: "Connection", request: "Request", subject: Subject, asked: Asked, use: Use | None, upstream: str
    ) -> None:
        """Ask what can be asked without the ledger first: whoever is refused anyway costs it nothing."""
        case = Case(connection, request, subject, subject.organisation or "", asked, use, upstream)
        if asked.ids and not case.owner:
            self._refuse(connection, request, Reason.ROUTE_NOT_ALLOWED, NO_ORGANISATION)
            return
        permits = self._settlement.permits(case, self._settlement.models(case, ()))
        if not isinstance(permits, list):
            self._settlement.deny(case, *permits)
        elif asked.ids or asked.batch is not None:
            self._gate.later(self._look_up(case))
        else:
            self._settlement.settle(case, ())

    async def _look_up(self, case: Case) -> None:
        asked = case.asked
        if asked.batch is not None:
            batch = await self._read_batch(asked.batch)
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
        gone = self._doubt(case)
        if gone is not None:
            self._refuse(case.connection, case.request, gone)
            return
        if len(held) != len(asked.ids):
            self._refuse(case.connection, case.request, Reason.OBJECT_UNKNOWN)
            return
        self._settlement.settle(case, held)

    def _doubt(self, case: Case) -> Reason | None:
        head, gate = case.request.head, self._gate
        credential = head.credential if head is not None else Reason.TOKEN_MISSING
        return doubt(gate.identifier, credential, gate.clock(), case.connection.thumbprint, case.subject)

    async def _mark(self, case: Case, held: tuple[Holding, ...]) -> None:
        """Enter the models with what takes up their words, where the request would be permitted now; it is decided on again afterwards."""
        models = self._settlement.models(case, held)
        ids = self._settlement.ids_of(models)
        by_name = dict(zip(case.asked.ids, held, strict=True))
        fresh = [name for name in case.asked.filled if name in by_name and not set(ids) <= set(by_name[name].models)]
        if fresh and ids and isinstance(self._settlement.permits(case, models), list):
            await self._ledger.mark(case.upstream, fresh, ids)

    def _lasts(self, model: str) -> bool:
        return outlasts(model, self._policy.snapshot, self._gate.clock().wall)

    def _refuse(self, connection: "Connection", request: "Request", reason: Reason, detail: str = "") -> None:
        self._gate.replies.refuse(connection, request, reason, detail)

    async def _read_batch(self, content: bytes | list[Raw]) -> Batch | Refused:
        """Read every request of a batch, in slices, so that nobody else waits for all of it."""
        models: dict[str, None] = {}
        count = 0
        for part in in_slices(content, self._lasts):
            if isinstance(part, Refused):
                return part
            models.update(dict.fromkeys(part.models))
            count += part.requests
            await asyncio.sleep(0)
        return Batch(tuple(models), count)
