"""Watch the settings file: on SIGHUP, or once it has changed and rested, read it again. A bad file changes nothing."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import structs

from gateway.errors import GatewayError, SettingsError
from gateway.settings.fingerprint import Fingerprint, fingerprint
from gateway.settings.loader import load
from gateway.settings.shape import Settings

BOUND_AT_START: Final = frozenset({"ledger", "listen", "store", "workers"})


class SettingsWatch:
    """Hands each good new file to `on_change`, each bad one to `on_failure`, in the event loop; the file is parsed in a thread.

    Call `load` first: it reads the file and remembers what it saw. The settings file and the country groups that it names are looked
    at every `poll_every` seconds, and read once they have not changed between two looks, so that a half-written file is not taken for
    a whole one. `counts` tells reloads by outcome, `ok` or `failed`.
    """

    def __init__(
        self,
        path: str | Path,
        on_change: Callable[[Settings], None],
        on_failure: Callable[[GatewayError], None],
        *,
        poll_every: float = 1.0,
    ) -> None:
        self.counts = {"ok": 0, "failed": 0}
        self._path = Path(path)
        self._files = (self._path,)
        self._on_change, self._on_failure = on_change, on_failure
        self._poll_every = poll_every
        self._loaded: Fingerprint = ()
        self._looked: Fingerprint = ()
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<SettingsWatch {self._path} ok={self.counts['ok']} failed={self.counts['failed']}>"

    def load(self) -> Settings:
        """Read the file now; SettingsError as `loader.load`, also where it changed while it was read."""
        before = fingerprint(self._path)
        settings = load(self._path)
        if fingerprint(self._path) != before:
            raise SettingsError(f"{self._path}: changed while it was read. It is read again when it rests")
        groups = (Path(settings.country_groups),) if settings.country_groups else ()
        self._files = (self._path, *groups)
        self._loaded = fingerprint(*self._files)
        return settings

    def start(self, *, on_sighup: bool = True) -> None:
        """Begin to watch; needs a running loop. `on_sighup`: the signal asks for a reload (main thread only)."""
        self._looked = fingerprint(*self._files)
        self._loaded = self._loaded or self._looked
        if on_sighup:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.ask)
        self._task = asyncio.create_task(self._watch(), name="settings-watch")

    async def stop(self) -> None:
        """Stop watching; harmless when not started."""
        task, self._task = self._task, None
        if task is not None:
            asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def ask(self) -> None:
        """Ask for a reload at once, changed or not."""
        self._asked.set()

    def look(self) -> bool:
        """Look at the files: whether they differ from what was read last and have not changed since the look before."""
        now = fingerprint(*self._files)
        rested = now == self._looked and now != self._loaded
        self._looked = now
        return rested

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_every):
                    await self._asked.wait()
            asked = self._asked.is_set()
            self._asked.clear()
            if self.look() or asked:
                self._loaded = self._looked
                await self._reload()

    async def _reload(self) -> None:
        files = self._files
        try:
            settings = await asyncio.to_thread(self.load)
            self._on_change(settings)
        except GatewayError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001 - whatever it was, the old settings stay and the watch goes on
            self._failed(SettingsError(f"{self._path}: could not be applied: {type(error).__name__}"))
        else:
            self.counts["ok"] += 1
        if self._files != files:
            self._looked = fingerprint(*self._files)

    def _failed(self, error: GatewayError) -> None:
        self.counts["failed"] += 1
        self._on_failure(error)


def needs_restart(old: Settings, new: Settings) -> frozenset[str]:
    """Name the top-level keys that differ in what is bound at start: whom the proxy's listener believes is not, it changes at once."""
    proxy = new.listen.proxy
    believed = {"trusted_proxies": proxy.trusted_proxies, "client_address_header": proxy.client_address_header}
    alike = structs.replace(old.listen.proxy, country_header=proxy.country_header, **believed)
    held = structs.replace(old, listen=structs.replace(old.listen, proxy=alike))
    return changed_sections(held, new) & BOUND_AT_START


def changed_sections(old: Settings, new: Settings) -> frozenset[str]:
    """Name the top-level keys whose values differ; those in BOUND_AT_START need a restart to take effect."""
    return frozenset(field for field in structs.asdict(new) if getattr(old, field) != getattr(new, field))
