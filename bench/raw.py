"""Bytes on sockets, without a library between: what is timed must not wait for a client's own work."""

import contextlib
import socket
import time
from pathlib import Path
from typing import Final

from bench.problem import BenchError

PATIENCE: Final = 10.0
_PIECE: Final = 65536
_AT_ONCE: Final = 10_000


class RawStore:
    """A connection to Redis or Valkey on a unix socket; commands as redis-cli would send them. Raises BenchError on an error reply."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(path))

    def send(self, *words: str) -> float:
        """Send one command and do not wait; gives the time before the write (`time.monotonic()`)."""
        encoded = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word.encode()), word.encode()) for word in words)
        began = time.monotonic()
        self._socket.sendall(encoded)
        return began

    def reply(self) -> str:
        """Wait for a one-line reply."""
        received = b""
        while not received.endswith(b"\r\n"):
            received += self._socket.recv(_PIECE)
        if received.startswith(b"-"):
            raise BenchError(f"the store said {received.decode(errors='replace').strip()}")
        return received[1:].decode().strip()

    def command(self, *words: str) -> str:
        """Send one command and wait for its one-line reply."""
        self.send(*words)
        return self.reply()

    def told(self, section: str) -> dict[str, str]:
        """INFO of one section, by name."""
        self.send("INFO", section)
        size, received = int(self._line()), b""
        while len(received) < size + 2:
            received += self._socket.recv(_PIECE)
        return dict(line.split(":", 1) for line in received.decode().splitlines() if ":" in line)

    def fill(self, key: str, numbers: range) -> None:
        """Put grants of organisations `org_many_<number>` into a hash, many at a time."""
        for first in range(numbers.start, numbers.stop, _AT_ONCE):
            names = (f"org_many_{number}" for number in range(first, min(first + _AT_ONCE, numbers.stop)))
            self.command("HSET", key, *(word for name in names for word in (name, "{}")))

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def _line(self) -> str:
        """One line of a reply, without its sign; nothing of what follows is read."""
        received = b""
        while not received.endswith(b"\r\n"):
            received += self._socket.recv(1)
        return received[1:].decode().strip()


class Caller:
    """One keep-alive connection that sends the same request again and again, and looks at the status alone."""

    def __init__(self, port: int, request: bytes) -> None:
        self._request = request
        self._port = port
        self._connect()

    def status(self) -> int:
        """Send the request; the status of the answer, whose body is read to its end if its length is known."""
        try:
            return self._ask()
        except ConnectionError:
            self._connect()
            return self._ask()

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _ask(self) -> int:
        self._socket.sendall(self._request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        head = received[:end].lower()
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0)
        while len(received) < end + 4 + length:
            received += self._receive()
        if b"\r\nconnection: close" in head:
            self._socket.close()
            self._connect()
        return int(head[9:12])

    def _receive(self) -> bytes:
        received = self._socket.recv(_PIECE)
        if not received:
            raise ConnectionResetError
        return received


def status_once(port: int, request: bytes) -> int:
    """Ask once on a connection of its own, leave without reading on (a stream would not end)."""
    with contextlib.closing(Caller(port, request)) as caller:
        return caller.status()


def wait_for_status(port: int, request: bytes, wanted: int) -> float:
    """Ask until the answer has the status `wanted`; gives when that was. Raises BenchError after ten seconds."""
    deadline = time.monotonic() + PATIENCE
    status = 0
    while time.monotonic() < deadline:
        status = status_once(port, request)
        if status == wanted:
            return time.monotonic()
        time.sleep(0.002)
    raise BenchError(f"port {port} still answers {status}, not {wanted}, after {PATIENCE:.0f} s")
