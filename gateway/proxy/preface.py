"""Reads the PROXY header off a socket to its last byte and no further, so that what follows can be a TLS handshake as well as HTTP."""

import asyncio
import socket
from typing import Final

from gateway.wire.proxy_protocol import LONGEST_V1, SIGNATURE, Preface, read_preface

SHORTEST: Final = 12
"""Bytes that every header has: those of the signature of version 2, three less than the shortest line of version 1."""

_BINARY_HEAD: Final = 16


async def receive_preface(loop: asyncio.AbstractEventLoop, sock: socket.socket, version: str) -> Preface | str | None:
    """Read the header of `version` (v1, v2 or any). A text: it is none. None: the peer left without a byte, as health checks do.

    `sock` must not block. Raises OSError where the connection breaks.
    """
    data, wanted = b"", SHORTEST
    while True:
        piece = await loop.sock_recv(sock, wanted)
        if not piece:
            return "the connection ended within its header" if data else None
        data += piece
        said = read_preface(data, version)
        if said is not None:
            return said
        wanted = _within_header(sock, data)


def _within_header(sock: socket.socket, data: bytes) -> int:
    """How many bytes can be asked for next without taking one of what follows the header."""
    if len(data) < SHORTEST:
        return SHORTEST - len(data)
    if data.startswith(SIGNATURE):
        return (_BINARY_HEAD if len(data) < _BINARY_HEAD else _BINARY_HEAD + int.from_bytes(data[14:16], "big")) - len(data)
    try:
        waiting = sock.recv(LONGEST_V1, socket.MSG_PEEK)
    except BlockingIOError:
        return 1
    return waiting.find(b"\n") + 1 or len(waiting) or 1
