"""A permitted WebSocket on its way: an exchange like any other up to the upstream's 101, then frames in both directions under the lease.

Frames pass whole, so that the connection can be ended between two of them at any moment: a cut is a close frame 1008 with the
reason, also while a fragmented message is under way. Every text message of the caller is read before it is passed on; a model
that it names is decided on, and held from then on: a permission lost for any model that this connection has named ends it.
"""

import os
from base64 import b64encode
from typing import Final

from msgspec import structs

from gateway.dialects.closing import closing_text
from gateway.identity.bearer import find_credential
from gateway.policy.decision import Denial, Permit
from gateway.policy.vocabulary import Reason
from gateway.proxy.answer import ResponseHead
from gateway.proxy.departure import STILL_LEAVING, unsent
from gateway.proxy.flow import Flow
from gateway.proxy.link import Link
from gateway.proxy.message import marks, switching_head, upgrade_head
from gateway.proxy.named import NamedModels
from gateway.proxy.patience import Patience
from gateway.proxy.recognition import doubt
from gateway.proxy.relay import Relay
from gateway.wire.events import models_of
from gateway.wire.handshake import accept_of, answer_problem
from gateway.wire.shape import Refused
from gateway.wire.websocket import Close, Violation, close, encode

LINGER: Final = 2.0  # seconds in which a caller who was told goodbye may close first
ELSEWHERE: Final = "the model is served by another upstream; open a connection of its own for it"


class WebSocketRelay(Relay):
    """An exchange that becomes a WebSocket; until then, and if the upstream answers otherwise, it is a plain one."""

    _key: bytes = b""
    _credential: bytes | Reason = b""
    _named: NamedModels = None  # type: ignore[assignment] # set at once
    _patience: Patience = None  # type: ignore[assignment] # set at once
    _flow: Flow | None = None

    def __post_init__(self) -> None:
        """Take what a WebSocket needs besides."""
        self._key = b64encode(os.urandom(16))
        handshake = self.request.handshake
        self._credential = find_credential(self.request.headers, handshake.credentials if handshake is not None else ())
        self._named = NamedModels(self, self._gate.leases)
        self._patience = Patience(self, self._gate.limits, self._upstream.settings.idle_timeout, self._gate.now())

    # -- the handshake ------------------------------------------------------------------------------------------------

    def on_switched(self, link: Link, head: ResponseHead, rest: bytes) -> None:
        """The upstream speaks WebSocket: say so to the caller, and relay frames from here on."""
        handshake = self.request.handshake
        if self._over or handshake is None:
            link.drop()
            return
        problem = answer_problem(head.headers, self._key, handshake.protocols)
        if problem is not None:
            self._stop_upstream()
            self._gate.witness.on_upstream_failed(self._upstream.name)
            self._fail(502, problem)
            return
        flow = Flow(self, self._connection, link, self._patience, self._gate.limits.message, self._gate.now)
        if self._connection.hand_over(flow.caller):
            self._begin(flow, switching_head(head, marks(self.request.number, self.permit.revision), accept_of(handshake.key)))
            link.transport.set_protocol(flow.api)
            flow.api.data_received(rest)

    def _send(self, link: Link) -> None:
        self._link = link
        self._sent_at = self._gate.now()
        upstream = self._upstream
        introduced = upstream.introduce(self.permit, self.request.number)
        scheme = self._gate.scheme
        head = upgrade_head(self.request, link.endpoint, upstream.credential, self.client_address, scheme, introduced, self._key)
        link.carry(self, head, b"")
        link.deadline = self._sent_at + link.endpoint.settings.connect_timeout

    def _begin(self, flow: Flow, head: bytes) -> None:
        self._flow = flow
        self._started = self.streaming = True
        self.status = 101
        self.request.forget()
        self._gate.witness.on_answer(self, self._gate.now() - self._sent_at)
        self._patience.heard(self._gate.now())
        self._gate.watch(self._patience)
        flow.caller.transport.write(head)

    # -- the lease ----------------------------------------------------------------------------------------------------

    def cut(self, denial: Denial) -> None:
        """The permission for a model that this connection has named has ended."""
        if self._flow is None or self._departing:
            super().cut(denial)
        elif not self._over:
            self._cut(denial, conceal=False)

    def _cut(self, denial: Denial, *, detail: str = "", conceal: bool = True) -> None:
        refusal = structs.replace(self._gate.replies.refusal_of(denial, self.request, conceal=conceal), detail=detail)
        self._gate.witness.on_cut(self, denial)
        self._finish(Close.POLICY, closing_text(refusal))

    def may_say(self, text: bytes) -> bool:
        """Whether a message of the caller may pass; if not, the connection has ended."""
        names = models_of(text)
        if isinstance(names, Refused):
            self._cut(self._denial(names.reason), detail=names.detail)
            return False
        return not names or all(name in self._named or self._may_name(name) for name in names)

    def _may_name(self, name: str) -> bool:
        """Decide on one more model, as for a request of its own; what the one upstream of this connection does not serve is refused."""
        gate, known, now = self._gate, self.permit.request, self._gate.clock()
        gone = doubt(gate.identifier, self._credential, now, self._connection.thumbprint, known.subject)
        if gone is not None:
            self._cut(self._denial(gone))
            return False
        decision = gate.decider.decide(self.request, known.subject, name, known.location, now, credit=True)
        if not isinstance(decision, Permit):
            self._cut(decision if isinstance(decision, Denial) else self._denial(Reason.LIMIT_EXCEEDED))
            return False
        if decision.model.upstream != self.permit.model.upstream:
            self._cut(self._denial(Reason.ROUTE_NOT_ALLOWED), detail=ELSEWHERE)
            return False
        self._named.add(decision)
        return True

    def _denial(self, reason: Reason) -> Denial:
        return Denial((reason,), self.permit.request, self.permit.model, revision=self.permit.revision)

    # -- how it ends --------------------------------------------------------------------------------------------------

    def on_client_gone(self) -> None:
        """Nobody listens: nothing more is to be generated."""
        if self._flow is not None and self._flow.closing and not self._over and not self._departing:
            self._gate.witness.on_closed(self)
            self._leave_upstream()
            self._end()
        else:
            super().on_client_gone()

    def on_caller_wrong(self, violation: Violation) -> None:
        """The caller broke the rules of the protocol."""
        self._gate.witness.on_cut(self, self._denial(Reason.MALFORMED_REQUEST))
        self._finish(violation.code, f"{violation.text} (decision {self.request.id})")

    def on_upstream_broken(self, problem: str) -> None:
        """The caller must not take what it has for all that there was."""
        self._gate.witness.on_upstream_failed(self._upstream.name)
        self._gate.witness.on_broken(self)
        self._finish(Close.BROKEN, problem)

    def on_upstream_closed(self) -> None:
        """Its close frame has been passed on."""
        self._gate.witness.on_closed(self)
        self._finish(Close.GOING_AWAY, "")

    def end_for_drain(self) -> None:
        """The gate ends and this connection is still open."""
        if self._flow is None or self._departing:
            super().end_for_drain()
        elif not self._over:
            self._gate.witness.on_broken(self)
            self._finish(Close.GOING_AWAY, "the gateway is restarting; connect again")

    def on_left(self) -> None:
        """The upstream has closed, and all that it said is on its way: the caller has a little time to close too."""
        self._connection.deadline = self._gate.now() + LINGER
        self._end()

    def on_quiet(self) -> None:
        """Neither side has said anything for too long."""
        self._gate.witness.on_quiet(self)
        self._finish(Close.GOING_AWAY, "nothing was said for too long")

    def on_unread(self) -> None:
        """The caller has left too much unread for too long; the rest follows from the loss of its connection."""
        self._connection.abort()

    def on_dragging(self) -> None:
        """A message of the caller takes too long to arrive."""
        self.on_caller_wrong(Violation(Close.POLICY, "a message took too long to arrive"))

    def on_unclosed(self) -> None:
        """One side has closed, the other does not answer."""
        if self._flow is not None and self._flow.closed_upstream:
            self.on_upstream_closed()
        else:
            self.on_upstream_broken("the upstream does not close")

    def _finish(self, code: Close, text: str) -> None:
        """Drop the upstream at once; tell the caller, unless it has its close frame or so much unread that telling would take time."""
        self._stop_upstream()
        flow, transport = self._flow, self._connection.transport
        if flow is not None and not self._connection.closed and not transport.is_closing():
            if flow.closed_upstream:
                flow.caller.say_goodbye(b"", self._gate.now() + LINGER)
                if unsent(transport) > STILL_LEAVING:
                    flow.stop()
                    self._gate.forget(self._patience)
                    self._depart()
                    return
            elif unsent(transport) <= STILL_LEAVING:
                flow.caller.say_goodbye(encode(close(code, text)), self._gate.now() + LINGER)
            else:
                self._break_off()
        self._end()

    def _leave_upstream(self) -> None:
        """Let a close frame reach the upstream, which then closes; it has little time for that."""
        link, self._link = self._link, None
        if link is not None and not link.closed:
            link.deadline = self._gate.now() + LINGER
            link.transport.close()

    def _end(self) -> None:
        if self._flow is not None:
            self._flow.stop()
        self._named.release()
        self._gate.forget(self._patience)
        super()._end()
