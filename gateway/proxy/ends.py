"""The two ends of a WebSocket after its handshake: bytes in, whole frames out; each holds the other back while it is behind."""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from gateway.wire.frame_reader import FrameReader
from gateway.wire.websocket import Opcode

if TYPE_CHECKING:
    from gateway.proxy.flow import Flow
    from gateway.proxy.link import Link
    from gateway.proxy.listener import Connection


class CallerEnd(asyncio.Protocol):
    """The caller's side, in place of its `Connection`. After `say_goodbye` it only waits for the caller to close."""

    __slots__ = ("_connection", "_flow", "_leaving", "_reader", "transport")

    def __init__(self, flow: "Flow", connection: "Connection", largest: int) -> None:
        self.transport = connection.transport
        self._connection = connection
        self._flow = flow
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
            self._flow.from_caller(frames, self._reader.violation)
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
        self._flow.caller_behind()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._flow.caller_ready()


class UpstreamEnd(asyncio.Protocol):
    """The upstream's side, in place of its `Link`."""

    __slots__ = ("_flow", "_link", "_reader", "transport")

    def __init__(self, flow: "Flow", link: "Link", largest: int) -> None:
        self.transport = link.transport
        self._link = link
        self._flow = flow
        self._reader = FrameReader(masked=False, largest=largest)

    def __repr__(self) -> str:
        return f"<UpstreamEnd {self._link} {self._reader}>"

    def data_received(self, data: bytes) -> None:
        """Read frames and hand them over, unless the process has been standing still."""
        pulse = self._link.endpoint.pulse
        if monotonic() > pulse.until:
            pulse.hold(self, data)
            return
        self._flow.from_upstream(self._reader.feed(data), self._reader.violation)

    def eof_received(self) -> bool:
        """The upstream closes; `connection_lost` tells what that means."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the link's place free, then tell the flow."""
        self._link.connection_lost(exc)
        self._flow.upstream_lost()

    def pause_writing(self) -> None:
        """The upstream is behind: read no more from the caller."""
        self._flow.upstream_behind()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._flow.upstream_ready()
