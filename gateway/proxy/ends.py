"""The two ends of a WebSocket after its handshake: bytes in, whole frames out; each holds the other back while it is behind."""

import asyncio
from typing import TYPE_CHECKING

from gateway.wire.frame_reader import FrameReader
from gateway.wire.websocket import Frame, Opcode, Violation

if TYPE_CHECKING:
    from gateway.proxy.link import Link
    from gateway.proxy.listener import Connection
    from gateway.proxy.websocket import WebSocketRelay


class CallerEnd(asyncio.Protocol):
    """The caller's side, in place of its `Connection`. After `say_goodbye` it only waits for the caller to close."""

    __slots__ = ("_connection", "_leaving", "_reader", "_relay", "transport")

    def __init__(self, relay: "WebSocketRelay", connection: "Connection", largest: int) -> None:
        self.transport = connection.transport
        self._connection = connection
        self._relay = relay
        self._reader = FrameReader(masked=True, largest=largest)
        self._leaving = False

    def __repr__(self) -> str:
        return f"<CallerEnd of {self._connection.peer} {self._reader}>"

    @property
    def waiting(self) -> int:
        """Bytes held of a frame that is not whole."""
        return self._reader.waiting

    def say_goodbye(self, frame: bytes, linger: float) -> None:
        """Write the last frame, if any, and leave when the caller has closed too, at the latest at `linger` (loop seconds).

        Bytes unread at a close would make the kernel reset the connection, and the last frame be lost.
        """
        self._leaving = True
        self._connection.deadline = linger
        if frame:
            self.transport.write(frame)
        if self._reader.ended:
            self.transport.close()
            return
        self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def data_received(self, data: bytes) -> None:
        """Read frames and hand them over."""
        frames = self._reader.feed(data)
        if not self._leaving:
            self._relay.on_caller_frames(frames, self._reader.violation)
        elif self._reader.violation is not None or any(frame.opcode == Opcode.CLOSE for frame in frames):
            self.transport.close()

    def eof_received(self) -> bool:
        """The caller is gone."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the connection, which tells the relay."""
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        """The caller is behind."""
        self._relay.on_caller_behind()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._relay.on_caller_ready()


class UpstreamEnd(asyncio.Protocol):
    """The upstream's side, in place of its `Link`."""

    __slots__ = ("_link", "_reader", "_relay", "transport")

    def __init__(self, relay: "WebSocketRelay", link: "Link", largest: int) -> None:
        self.transport = link.transport
        self._link = link
        self._relay = relay
        self._reader = FrameReader(masked=False, largest=largest)

    def __repr__(self) -> str:
        return f"<UpstreamEnd {self._link} {self._reader}>"

    def data_received(self, data: bytes) -> None:
        """Read frames and hand them over."""
        frames: list[Frame] = self._reader.feed(data)
        violation: Violation | None = self._reader.violation
        self._relay.on_upstream_frames(frames, violation)

    def eof_received(self) -> bool:
        """The upstream closes; `connection_lost` tells what that means."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the link's place free, then tell the relay."""
        self._link.connection_lost(exc)
        self._relay.on_upstream_lost()

    def pause_writing(self) -> None:
        """The upstream is behind: read no more from the caller."""
        self._relay.on_upstream_behind()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._relay.on_upstream_ready()
