"""A caller with a small window that reads only when told."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

REQUEST: Final = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\n"
    b'content-type: application/json\r\ncontent-length: 20\r\n\r\n{"model":"frontier"}'
)


@asynccontextmanager
async def unread_caller(port: int) -> AsyncIterator[socket.socket]:
    """Connect to the gate."""
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.settimeout(0)
        await asyncio.get_running_loop().sock_connect(caller, ("127.0.0.1", port))
        yield caller


async def rest_of(caller: socket.socket) -> tuple[bytes, bool]:
    """Read to the end; say whether the connection was reset rather than closed."""
    text = b""
    await asyncio.sleep(0)  # what is at hand is read without a turn of the loop from Python 3.12 on: the gate has its turn first
    try:
        while part := await asyncio.wait_for(asyncio.get_running_loop().sock_recv(caller, 65536), 10):
            text += part
    except ConnectionResetError:
        return text, True
    return text, False
