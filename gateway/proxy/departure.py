"""Whether what was written has left: an answer that is whole keeps its lease while more than a few of its bytes wait for their reader.

A caller that does not read can leave megabytes in the socket's buffer, and take them long after its permission has ended. What was
written is therefore looked at in the kernel too (Linux); until it has left, the next request on that connection is not served, and
a cut resets the connection, which drops what waits there.
"""

import contextlib
import fcntl
import socket
import struct
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

    from gateway.proxy.listener import Connection
    from gateway.proxy.relay import Relay

STILL_LEAVING: Final = 4096
"""Bytes that may still wait for their reader when a stream is told why it is cut, or when the lease of a whole answer ends."""

UNSENT: Final = 0x894B
"""SIOCOUTQNSD (linux/sockios.h): bytes in a TCP socket's send queue that have not been sent even once."""

IN_SOCKET: Final = 65_536
"""Bytes not yet sent beyond which a socket takes no more: they are all that a stopped or killed process cannot take back."""

LONGEST_PAUSE: Final = 0.25
"""Seconds between two looks; the first are closer together."""

_TOLD: Final = sys.platform == "linux"
_NOTHING: Final = struct.pack("i", 0)


def hold_back(listening: socket.socket) -> None:
    """Have what is accepted on this socket take little ahead of what it sends. What is under way to a fast reader is not counted."""
    with contextlib.suppress(OSError):  # the system has no such limit
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, IN_SOCKET)


def unsent(transport: "asyncio.Transport") -> int:
    """Bytes written that have not been sent: those in this process and, where the kernel tells, those in the socket."""
    waiting = transport.get_write_buffer_size()
    sock: socket.socket | None = transport.get_extra_info("socket") if _TOLD else None
    if sock is not None:
        try:
            waiting += int.from_bytes(fcntl.ioctl(sock.fileno(), UNSENT, _NOTHING), sys.byteorder)
        except (OSError, ValueError):
            return waiting  # closed, or no TCP: nothing that it could tell
    return waiting


def has_left(connection: "Connection", size: int) -> bool:
    """Whether an answer of `size` bytes, just written, can be taken as sent. The look costs a system call: one for each few kilobytes."""
    connection.unlooked += size
    if connection.unlooked <= STILL_LEAVING:
        return True
    if connection.transport.get_write_buffer_size() > STILL_LEAVING:
        return False  # the usual case of a long answer: it has not been handed to the kernel yet
    connection.unlooked = unsent(connection.transport)
    return connection.unlooked <= STILL_LEAVING


class Departure:
    """Looks after a whole answer until it has left. A reader that takes nothing of it for `write_timeout` seconds is broken off."""

    __slots__ = ("_connection", "_left", "_loop", "_patience", "_pause", "_relay")

    def __init__(self, relay: "Relay", connection: "Connection", loop: "asyncio.AbstractEventLoop", patience: float) -> None:
        self._relay = relay
        self._connection = connection
        self._loop = loop
        self._patience = patience
        self._pause = 0.001
        self._left = sys.maxsize
        loop.call_soon(self._look)  # what was written in this turn leaves at its end

    def __repr__(self) -> str:
        return f"<Departure of {self._relay!r}>"

    def _look(self) -> None:
        if self._relay.over:
            return
        connection = self._connection
        left = connection.unlooked = unsent(connection.transport)
        if left <= STILL_LEAVING:
            self._relay.on_left()
            return
        if left < self._left:
            self._left = left
            connection.deadline = self._loop.time() + self._patience
        self._loop.call_later(self._pause, self._look)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
