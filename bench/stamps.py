"""The kernel's stamps of arrival (SO_TIMESTAMPNS, socket(7)), and the certainty that it makes them.

The kernel begins to stamp some time after the first socket asks for it; what comes before has no stamp. So one socket asks ahead, and is
kept as long as stamps are wanted.
"""

import socket
import struct
import time
from collections.abc import Sequence
from typing import Final, Self

from bench.problem import BenchError

SO_TIMESTAMPNS: Final = 35
"""The option and its control message, as Linux numbers them (asm-generic/socket.h); the socket module does not name it."""

ANCILLARY: Final = socket.CMSG_SPACE(16)
DEADLINE: Final = 2.0
_TIMESPEC: Final = struct.Struct("qq")
_BILLION: Final = 1e9
_PAUSE: Final = 0.002


class Stamps:
    """While it is open, what arrives at sockets that were given to `ask` is stamped. Raises BenchError if the kernel does not."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind(("127.0.0.1", 0))
            self.ask(self._socket)
            self._prove()
        except BaseException:
            self._socket.close()
            raise

    def __repr__(self) -> str:
        return "<Stamps of the kernel>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @staticmethod
    def ask(opened: socket.socket) -> None:
        """Have what arrives there stamped."""
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def close(self) -> None:
        """Want no more stamps."""
        self._socket.close()

    def _prove(self) -> None:
        deadline = time.monotonic() + DEADLINE
        while not self._works():
            if time.monotonic() > deadline:
                raise BenchError("the kernel does not stamp what arrives (SO_TIMESTAMPNS)")

    def _works(self) -> bool:
        """A datagram that waited must carry the time at which it came, not that at which it was read."""
        self._socket.sendto(b"?", self._socket.getsockname())
        time.sleep(_PAUSE)
        _, ancillary, _, _ = self._socket.recvmsg(16, ANCILLARY)
        return time.time() - arrival(ancillary) > _PAUSE / 2


def arrival(ancillary: Sequence[tuple[int, int, bytes]]) -> float:
    """When the last of the bytes just read reached the socket (epoch seconds); now, where the kernel does not say."""
    for _, kind, data in ancillary:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return float(seconds + nanoseconds / _BILLION)
    return time.time()
