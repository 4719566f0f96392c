"""A relay whose answer makes stored objects, or ends one, or that has several models: the ledger knows before the caller does.

What is held back is an answer until it is whole or, of a stream, its first events until one names the object. An object that cannot be
entered is nobody's and of no use to anybody, so its answer is replaced by a 503.
"""

import asyncio
from typing import Final, Protocol

from msgspec import Struct, field

from gateway.errors import StoreUnavailableError
from gateway.policy.decision import Permit
from gateway.policy.holding import Holding
from gateway.proxy.answer import ResponseHead
from gateway.proxy.named import NamedModels
from gateway.proxy.relay import Relay
from gateway.proxy.whole import WholeAnswer
from gateway.wire.sse import is_event_stream
from gateway.wire.yielding import MOST_HELD, ids_given, ids_streamed, is_denied

TOO_LONG: Final = "the answer is too long to be held until its object is entered"
SUCCESS: Final = range(200, 300)
UNREADABLE: Final = "the answer names no object that could be entered as yours"
UNENTERED: Final = "the new object could not be entered as yours; nobody can use it"


class Ledger(Protocol):
    """Who keeps whose the objects are. Failures are StoreUnavailableError."""

    async def enter(self, upstream: str, names: tuple[str, ...], holding: Holding) -> bool:
        """Enter objects as one owner's; False where another has one of them."""

    async def remove(self, upstream: str, name: str) -> None:
        """An object is no more."""


class Duty(Struct, frozen=True):
    """What a relay owes the ledger: to enter what the answer has at `places` as `holding` says, or to remove the object `ended`."""

    ledger: Ledger
    upstream: str
    holding: Holding
    places: tuple[str, ...] = ()
    ended: str = ""


class KeepingRelay(Relay, eq=False):
    """Give it its `duty` before it starts, and the permits of `others`: it ends when any of its models is no longer permitted."""

    duty: Duty | None = None
    others: tuple[Permit, ...] = ()
    _named: NamedModels | None = None
    _head: ResponseHead | None = None
    _held: list[bytes] = field(default_factory=list)
    _size: int = 0
    _came: bool = False
    _whole: WholeAnswer | None = None
    _discharged: bool = False
    _entering: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Hold a lease on every model, and send the request."""
        if self.others:
            self._named = NamedModels(self, self._gate.leases)
            for permit in self.others:
                self._named.add(permit)
        super().start()

    # -- the upstream's side ------------------------------------------------------------------------------------------

    def deliver(self, head: ResponseHead | None, chunks: list[bytes], *, complete: bool) -> None:
        """Hold back what comes until the ledger knows."""
        if self.duty is None or (head is not None and head.status not in SUCCESS):
            self._discharged = True
        if self._over or self._discharged:
            super().deliver(head, chunks, complete=complete)
            return
        if head is not None:
            self._head = head
        self._held += chunks
        self._size += sum(map(len, chunks))
        if complete:
            self._link = None
            self._came = True
        if self._size > self._gate.limits.body:
            self._refuse(503, TOO_LONG)
        elif self._entering is None:
            self._look()

    def deliver_whole(self, answer: WholeAnswer) -> None:
        """Hold back an answer that came whole until the ledger knows."""
        if self._over or self.duty is None or answer.status not in SUCCESS:
            super().deliver_whole(answer)
            return
        self._link = None
        self._whole, self._held, self._came = answer, [answer.body], True
        self._look()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Discharge the duty once what it needs is there."""
        duty, head = self.duty, self._head
        if duty is None or (head is None and self._whole is None):
            return
        streamed = head is not None and is_event_stream(head.content_type)
        if not streamed and not self._came:
            return
        body = b"".join(self._held)
        names: tuple[str, ...] | None = ()
        if duty.places:
            names = ids_streamed(body, duty.places) if streamed else ids_given(body, duty.places)
        if names is not None:
            self._entering = self._gate.loop.create_task(self._discharge(duty, names, denied=is_denied(body)))
        elif self._came or len(body) > MOST_HELD:
            self._refuse(503, UNREADABLE)

    async def _discharge(self, duty: Duty, names: tuple[str, ...], *, denied: bool) -> None:
        entered = True
        try:
            if names:
                entered = await duty.ledger.enter(duty.upstream, names, duty.holding)
            elif duty.ended and not denied:
                await duty.ledger.remove(duty.upstream, duty.ended)
        except StoreUnavailableError:
            entered = not names  # an entry of what is no more does no harm: its upstream knows nothing of it
        if self._over:
            return
        if not entered:
            self._refuse(503, UNENTERED)
            return
        self._discharged = True
        if self._whole is not None:
            super().deliver_whole(self._whole)
        else:
            held, self._held = self._held, []
            super().deliver(self._head, held, complete=self._came)

    def _end(self) -> None:
        super()._end()
        if self._named is not None:
            self._named.release()

    def _refuse(self, status: int, problem: str) -> None:
        """Nothing of the answer has left: the caller gets another in its place."""
        self._stop_upstream()
        self._held = []
        self._fail(status, problem)
