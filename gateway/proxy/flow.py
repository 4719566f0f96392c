"""Frames in both directions between the two ends of a WebSocket, each holding back the other. What they mean, the judge says."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from gateway.proxy.ends import CallerEnd, UpstreamEnd
from gateway.proxy.patience import Patience
from gateway.wire.gathering import Gathering
from gateway.wire.websocket import Frame, Opcode, Violation, encode

if TYPE_CHECKING:
    from gateway.proxy.link import Link
    from gateway.proxy.listener import Connection


class Judge(Protocol):
    """Who knows the permission, and ends the connection."""

    bytes_sent: int

    def may_say(self, text: bytes) -> bool:
        """Whether a whole text message of the caller may pass; if not, the connection has ended."""

    def on_caller_wrong(self, violation: Violation) -> None:
        """The caller broke the rules of the protocol."""

    def on_upstream_broken(self, problem: str) -> None:
        """The upstream broke them, or broke off."""

    def on_upstream_closed(self) -> None:
        """The upstream is gone, in good order."""


class Flow:
    """Passes frames on until `stop`. `closing`: one side has sent a close frame; `closed_upstream`: the upstream has."""

    __slots__ = ("_gathering", "_judge", "_now", "_patience", "_stopped", "api", "caller", "closed_upstream", "closing")

    def __init__(
        self, judge: Judge, connection: "Connection", link: "Link", patience: Patience, largest: int, now: Callable[[], float]
    ) -> None:
        self._judge = judge
        self._patience = patience
        self._now = now
        self._gathering = Gathering(largest)
        self._stopped = False
        self.closing = False
        self.closed_upstream = False
        self.caller = CallerEnd(self, connection, largest)
        self.api = UpstreamEnd(self, link, largest)

    def __repr__(self) -> str:
        state = "stopped" if self._stopped else "closing" if self.closing else "open"
        return f"<Flow {state} {self.caller} {self.api}>"

    def stop(self) -> None:
        """Pass nothing on any more."""
        self._stopped = True

    # -- from the caller ----------------------------------------------------------------------------------------------

    def from_caller(self, frames: list[Frame], violation: Violation | None) -> None:
        """Pass on what may pass, each frame masked afresh; text only when its message is whole and has been read."""
        out: list[bytes] = []
        for frame in () if self._stopped else frames:
            taken = self._gathering.take(frame)
            if isinstance(taken, Violation):
                violation = taken
                break
            if taken is None:
                continue
            if taken.opcode == Opcode.TEXT and not self._judge.may_say(taken.payload):
                break
            if taken.opcode == Opcode.CLOSE:
                self._close_begun()
            out.append(encode(taken, os.urandom(4)))
        if self._stopped:
            return
        if out:
            self.api.transport.writelines(out)
        now = self._now()
        self._patience.heard(now)
        self._patience.waiting(now, self.caller.waiting + self._gathering.waiting)
        if violation is not None:
            self._judge.on_caller_wrong(violation)

    def caller_behind(self) -> None:
        """The caller reads slower than the upstream writes: stop reading there."""
        self._patience.behind(self._now())
        if not self._stopped:
            self.api.transport.pause_reading()

    def caller_ready(self) -> None:
        """The caller has caught up."""
        self._patience.caught_up()
        if not self._stopped:
            self.api.transport.resume_reading()

    # -- from the upstream --------------------------------------------------------------------------------------------

    def from_upstream(self, frames: list[Frame], violation: Violation | None) -> None:
        """Pass frames on as they are."""
        if self._stopped:
            return
        if frames:
            data = b"".join([encode(frame) for frame in frames])
            self._judge.bytes_sent += len(data)
            self.caller.transport.write(data)
            if frames[-1].opcode == Opcode.CLOSE:
                self.closed_upstream = True
                self._close_begun()
        self._patience.heard(self._now())
        if violation is not None:
            self._judge.on_upstream_broken("the upstream sent what is not WebSocket")

    def upstream_behind(self) -> None:
        """The upstream reads slower than the caller writes: stop reading there."""
        if not self._stopped:
            self.caller.transport.pause_reading()

    def upstream_ready(self) -> None:
        """The upstream has caught up."""
        if not self._stopped:
            self.caller.transport.resume_reading()

    def upstream_lost(self) -> None:
        """A close without a close frame is a breakage, never a clean end."""
        if self._stopped:
            return
        if self.closed_upstream:
            self._judge.on_upstream_closed()
        else:
            self._judge.on_upstream_broken("the upstream broke off")

    def _close_begun(self) -> None:
        self.closing = True
        self._patience.closing(self._now())
