"""The natural path of a request: read, identified, resolved, decided, relayed or refused. Each step needs what the one before gave.

No step awaits when the token is known; only keys that must be fetched make a task. A decision is never carried over an await.
"""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Coroutine, Mapping
from time import monotonic
from typing import Final

from gateway.dialects import House
from gateway.identity.bearer import find_credential
from gateway.identity.verifier import NeedKeys
from gateway.policy.access import Instant, Location, Subject
from gateway.policy.decision import Denial, Permit
from gateway.policy.vocabulary import Reason
from gateway.proxy.allotment import Allotment
from gateway.proxy.arrival import Arrival
from gateway.proxy.deadlines import Deadlines, Timed
from gateway.proxy.decider import Decider
from gateway.proxy.doors import Doors
from gateway.proxy.evidence import Witness
from gateway.proxy.heads import Head
from gateway.proxy.leases import LeaseBook
from gateway.proxy.listener import Connection
from gateway.proxy.ownership import Ownership
from gateway.proxy.relay import Relay
from gateway.proxy.replies import UPGRADE_REQUIRED, Replies
from gateway.proxy.request import Request
from gateway.proxy.sources import Identifier, Locator, PolicySource
from gateway.proxy.upstream import Upstream
from gateway.proxy.websocket import WebSocketRelay
from gateway.settings.shape import Limits
from gateway.wire.envelope import RequestEnvelope
from gateway.wire.handshake import WRONG_VERSION, read_handshake
from gateway.wire.model import Refused, resolve
from gateway.wire.quick import read_usual
from gateway.wire.resolved import Resolved
from gateway.wire.routes import Kind

UNOWNED: Final = "it works on stored objects or outlives its request, and whose objects those are cannot be told here"
CATALOGUES: Final = frozenset((Kind.CATALOGUE, Kind.CATALOGUE_ITEM))
REMOVED: Final = "the model's upstream has just been removed from the settings; try again"
CROWDED: Final = "your organisation has as many connections open as it may"
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Gate:
    """What the connections of one worker share, and the steps of the path."""

    relay_type: type[Relay] = Relay

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], Instant],
        limits: Limits,
        identifier: Identifier,
        policy: PolicySource,
        locator: Locator,
        upstreams: Mapping[str, Upstream],
        witness: Witness,
        house: House,
        deadlines: Deadlines,
        scheme: str = "http",
    ) -> None:
        self.loop = loop
        self.now = loop.time
        self.limits = limits
        self.identifier = identifier
        self.locator = locator
        self.upstreams = upstreams
        self.witness = witness
        self.doors = Doors(deadlines, witness, loop.time)
        self.replies = Replies(policy, clock, witness, house, self.doors)
        self.leases = LeaseBook(loop, lambda: policy.snapshot, clock, witness.on_swept)
        self.leases.on_monitored = witness.on_monitored
        self.decider = Decider(policy, witness)
        self.clock = clock
        self._deadlines = deadlines
        self.pulse = deadlines.pulse
        self.scheme = scheme.encode()
        self._prefix = secrets.token_hex(8).encode()
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self.ownership: Ownership | None = None

    def __repr__(self) -> str:
        return f"<Gate {self.doors!r}, {self.leases!r}>"

    def start(self) -> None:
        """Begin to watch the time of the leases."""
        self.leases.start()

    def stop(self) -> None:
        """Break off whatever is left, and close the links."""
        self.leases.stop()
        self.doors.close()
        for upstream in self.upstreams.values():
            upstream.close()

    def watch(self, thing: Timed) -> None:
        """Honour a deadline of its own."""
        self._deadlines.watch(thing)

    def forget(self, thing: Timed) -> None:
        """Its deadline is of no more interest."""
        self._deadlines.forget(thing)

    # -- the path -----------------------------------------------------------------------------------------------------

    def number(self, request: Request) -> None:
        """Give the request its id."""
        request.number = b"%b%08x" % (self._prefix, next(self._numbers))

    def read_head(self, arrival: Arrival, request: Request, method: bytes) -> bool:
        """Give the request its id and its envelope; what is wrong with its head becomes its problem. True where the head is known."""
        self.number(request)
        if request.problem:
            return False
        head = arrival.head
        known = head is not None and head.is_that_of(request, method)
        if head is None or not known:
            head = arrival.head = Head(request, method)
        request.head = head
        request.envelope, request.headers, request.route, request.problem = head.envelope, head.envelope.headers, head.route, head.problem
        return known

    def begin(self, connection: Connection, request: Request) -> None:
        """Find the caller; the body is not waited for before route and caller are known, and they are found anew when it has come."""
        head = request.head
        if head is None or request.problem:
            self.refuse_unreadable(connection, request)
            return
        credential = head.credential if head.plain and not request.upgrade else self._credential(connection, request, head)
        if isinstance(credential, bytes):
            now = self.clock()
            identity = self.identifier.verify(credential, now, connection.thumbprint)
            if isinstance(identity, Subject):
                self._identified(connection, request, identity, now)
            elif isinstance(identity, Reason):
                self.replies.refuse(connection, request, identity)
            else:
                self.later(self._identify(connection, request, credential, identity))

    def judge(self, connection: Connection, request: Request, now: Instant) -> None:
        """The request is whole: find its model, decide, and act on the decision in the same turn. `now`: the present instant."""
        head, route, subject = request.head, request.route, request.subject
        if request.problem or head is None or route is None or subject is None:
            self.refuse_unreadable(connection, request)
            return
        if monotonic() > self.pulse.until:
            self.later(self._await_pulse(connection, request))
            return
        ownership = self.ownership
        if ownership is not None and ownership.judge(connection, request, route, subject):
            return
        body = request.whole_body()
        resolved: Resolved | Refused | None = read_usual(route, body) if head.usual else None
        if resolved is None:
            resolved = resolve(route, head.envelope.query, head.notable, body, head.envelope.path)
        if isinstance(resolved, Refused):
            if ownership is not None and resolved.refers:
                ownership.refer(connection, request, route, subject)
            else:
                self.replies.refuse(connection, request, resolved.reason, resolved.detail)
            return
        request.stream = resolved.stream
        address, location = self._locate(connection, head)
        decision = self.decider.decide(request, subject, resolved.model, location, now)
        if not isinstance(decision, Permit):
            self.put_off(connection, request, decision)
            return
        relay_type = self.relay_type if request.handshake is None else WebSocketRelay
        upstream = self.upstreams.get(decision.model.upstream)
        if upstream is None:
            self.replies.fail(connection, request, 503, REMOVED)
            return
        relay = connection.relay = relay_type(self, connection, request, decision, upstream, head.bodiless, address)
        relay.start()

    def put_off(self, connection: Connection, request: Request, answer: Denial | Allotment) -> None:
        """Refuse, or wait for what the share lacks and begin again: what was looked up and decided before is not carried over."""
        if isinstance(answer, Denial):
            self.replies.answer_refusal(connection, request, self.replies.refusal_of(answer, request))
        else:
            self.later(self._await_share(connection, request, answer))

    def refuse_unreadable(self, connection: Connection, request: Request) -> None:
        """Refuse what cannot be read in one way only, and close: what follows on this connection has no certain meaning."""
        request.keep_alive = False
        if not request.number:
            self.number(request)
        self.replies.refuse(connection, request, Reason.MALFORMED_REQUEST, request.problem)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _locate(self, connection: Connection, head: Head) -> tuple[str, Location]:
        """Say who and where the client is: known of a known head on its connection, until what the locator knows changes."""
        locator, located = self.locator, head.located
        if located is None or head.located_by is not locator or head.located_in != locator.generation:
            head.located_in, head.located_by = locator.generation, locator
            located = head.located = locator.locate(connection.peer, head.envelope.headers)
        return located

    async def _await_share(self, connection: Connection, request: Request, allotment: Allotment) -> None:
        """Wait for the store's answer, then begin anew: the policy may be another one now, and so may the caller's token."""
        await self.decider.await_share(allotment)
        if connection.is_serving(request):
            self.begin(connection, request)

    def _credential(self, connection: Connection, request: Request, head: Head) -> bytes | None:
        """Look closer at what is no plain question to a model; None where it has been refused."""
        route = request.route
        if route is not None and route.kind is Kind.STATEFUL and (self.ownership is None or not self.ownership.serves(request)):
            self.replies.refuse(connection, request, Reason.ROUTE_NOT_ALLOWED, UNOWNED)
            return None
        if route is None or request.upgrade is not (route.kind is Kind.REALTIME):
            self.replies.refuse(connection, request, Reason.ROUTE_NOT_ALLOWED, _upgrade_advice(request))
            return None
        if request.upgrade and not self._read_handshake(connection, request, head.envelope):
            return None
        credential = head.credential
        if request.handshake is not None:
            credential = find_credential(request.headers, request.handshake.credentials)
        if isinstance(credential, Reason):
            self.replies.refuse(connection, request, credential)
            return None
        return credential

    def _read_handshake(self, connection: Connection, request: Request, envelope: RequestEnvelope) -> bool:
        """Refuse what is no opening handshake of a WebSocket."""
        handshake = read_handshake(envelope.headers)
        if isinstance(handshake, str):
            request.problem, request.status = handshake, UPGRADE_REQUIRED if handshake is WRONG_VERSION else 0
            self.refuse_unreadable(connection, request)
            return False
        request.handshake = handshake
        return True

    async def _await_pulse(self, connection: Connection, request: Request) -> None:
        """The process has been standing still, and so has its policy: wait for the news."""
        await self.pulse.settled()
        if connection.is_serving(request):
            self.begin(connection, request)

    async def _identify(self, connection: Connection, request: Request, credential: bytes, need: NeedKeys) -> None:
        await self.identifier.fetch_keys(need)
        if not connection.is_serving(request):
            return
        now = self.clock()
        identity = self.identifier.verify(credential, now, connection.thumbprint)
        if isinstance(identity, Subject):
            self._identified(connection, request, identity, now)
        else:
            self.replies.refuse(connection, request, identity if isinstance(identity, Reason) else Reason.KEYSET_UNAVAILABLE)

    def _identified(self, connection: Connection, request: Request, subject: Subject, now: Instant) -> None:
        request.subject = subject
        if self.limits.connections_per_organisation and not self.doors.belongs(connection, subject.organisation, self.limits):
            request.keep_alive = False
            self.replies.refuse(connection, request, Reason.LIMIT_EXCEEDED, CROWDED)
            return
        if request.route is not None and request.route.kind in CATALOGUES:
            _, location = self.locator.locate(connection.peer, request.headers)
            self.replies.show_models(connection, request, subject, location)
        elif request.complete or request.problem:
            self.judge(connection, request, now)
        else:
            request.awaits_body = True
            if request.version == "1.1" and request.head is not None and request.head.expects_continue:
                connection.transport.write(CONTINUE)

    def later(self, work: Coroutine[None, None, None]) -> None:
        """Do what has to wait, in a task of its own."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _upgrade_advice(request: Request) -> str:
    if request.upgrade:
        return "connections are not upgraded here"
    return "this route is a WebSocket; ask for an upgrade" if request.route is not None else ""
