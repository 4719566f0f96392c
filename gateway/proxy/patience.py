"""How long a WebSocket may be silent, leave things unread, or take over a message or its closing."""

from typing import Final, Protocol

from gateway.proxy.deadlines import NEVER
from gateway.settings.shape import Limits

CLOSING: Final = 10.0  # seconds that the second close frame may take after the first
PACE: Final = 16_384  # bytes per second that a message must keep up after the first `body_timeout` seconds


class Impatient(Protocol):
    """Who is told."""

    def on_quiet(self) -> None:
        """Neither side has said anything for too long."""

    def on_unread(self) -> None:
        """The caller has left too much unread for too long."""

    def on_dragging(self) -> None:
        """A message of the caller takes too long to arrive."""

    def on_unclosed(self) -> None:
        """One side has closed, the other does not answer."""


class Patience:
    """Deadlines of one WebSocket, in loop seconds; stands on the wheel, which looks once a second."""

    __slots__ = ("_closed_by", "_idle", "_limits", "_message_began", "_quiet_at", "_read_by", "_relay", "_whole_by")

    def __init__(self, relay: Impatient, limits: Limits, idle: float, now: float) -> None:
        self._relay = relay
        self._limits = limits
        self._idle = idle
        self._quiet_at = now + idle
        self._read_by = self._whole_by = self._closed_by = NEVER
        self._message_began = NEVER

    def __repr__(self) -> str:
        return f"<Patience until {self.deadline:.1f}>"

    @property
    def deadline(self) -> float:
        """What comes first."""
        return min(self._quiet_at, self._read_by, self._whole_by, self._closed_by)

    def on_deadline(self) -> None:
        """Tell which one has passed."""
        due, relay = self.deadline, self._relay
        if due == self._closed_by:
            relay.on_unclosed()
        elif due == self._read_by:
            relay.on_unread()
        elif due == self._whole_by:
            relay.on_dragging()
        else:
            relay.on_quiet()

    def heard(self, now: float) -> None:
        """Either side has said something."""
        self._quiet_at = now + self._idle

    def waiting(self, now: float, size: int) -> None:
        """`size` bytes of a message of the caller are there, and it is not whole; 0: none is under way."""
        if size == 0:
            self._message_began = self._whole_by = NEVER
            return
        self._message_began = min(self._message_began, now)
        self._whole_by = self._message_began + self._limits.body_timeout + size / PACE

    def behind(self, now: float) -> None:
        """The caller has to catch up."""
        self._read_by = now + self._limits.write_timeout

    def caught_up(self) -> None:
        """It has."""
        self._read_by = NEVER

    def closing(self, now: float) -> None:
        """One side has said that it closes."""
        self._closed_by = min(self._closed_by, now + CLOSING)
