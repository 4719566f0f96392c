"""One database file in MaxMind's format: opened with the C extension over a memory map, probed, replaced while running."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from gateway.errors import SettingsError
from gateway.settings.fingerprint import fingerprint

NOTHING: Final[Mapping[str, object]] = {}
"""The record of an address that a database does not list."""


class Reader(Protocol):
    """What is used of a maxminddb reader."""

    def get(self, ip_address: str) -> object:
        """Return the record of an address, None where there is none."""

    def __iter__(self) -> Iterator[tuple[object, object]]:
        """Give every network with its record."""

    def close(self) -> None:
        """Unmap the file."""


Probe = Callable[[Reader, str], None]
"""Looks whether a reader of a file has what is wanted of it; raises SettingsError that says what is wrong and what is right."""


class Database:
    """A file that says something of addresses. Making it opens and probes the file; SettingsError says what is wrong and what is right.

    `generation` rises whenever answers may differ from before, `built_at` is the build's epoch seconds, `counts` tells reloads by outcome.
    A file older than `max_age` seconds (0: any age) says nothing. Replace it by renaming a new one over it: a mapped file that is rewritten
    in place is undefined behaviour.
    """

    def __init__(
        self,
        file: str,
        setting: str,
        max_age: float,
        probe: Probe,
        clock: Callable[[], float] = time.time,
        on_failure: Callable[[SettingsError], None] = lambda _: None,
    ) -> None:
        self.file, self.setting = file, setting
        self.generation = 0
        self.counts = {"ok": 0, "failed": 0}
        self._max_age, self._probe = max_age, probe
        self._clock, self._on_failure = clock, on_failure
        self._seen = fingerprint(Path(file))
        self._reader, self.built_at = open_database(file, setting, probe)
        self._fresh = self._is_fresh()

    def __repr__(self) -> str:
        return f"<Database {self.file} built_at={self.built_at:.0f} fresh={self._fresh} generation={self.generation}>"

    @property
    def fresh(self) -> bool:
        """Whether the build is younger than its age may be; if not, nothing is known."""
        return self._fresh

    def record(self, address: str) -> object:
        """Look up a normalised address: its record, `NOTHING` where there is none, None where the file cannot say."""
        if not self._fresh:
            return None
        try:
            record = self._reader.get(address)
        except Exception:  # noqa: BLE001 - a damaged database or an IPv6 address in an IPv4 one: nothing is known
            return None
        return NOTHING if record is None else record

    def refresh(self) -> None:
        """Open the file again if it was replaced, and judge its age again. A bad new file changes nothing and is reported."""
        if self._is_replaced():
            self._take(self._opened())
        self._judge_age()

    async def refresh_aside(self) -> None:
        """Do the same; the file is opened and probed in a thread."""
        if self._is_replaced():
            self._take(await asyncio.to_thread(self._opened))
        self._judge_age()

    def close(self) -> None:
        """Unmap the file; nothing is known from then on."""
        self._fresh = False
        self.generation += 1
        self._reader.close()

    def _is_replaced(self) -> bool:
        before, self._seen = self._seen, fingerprint(Path(self.file))
        return before != self._seen

    def _opened(self) -> tuple[Reader, float] | SettingsError:
        try:
            return open_database(self.file, self.setting, self._probe)
        except SettingsError as error:
            return error

    def _take(self, opened: tuple[Reader, float] | SettingsError) -> None:
        if isinstance(opened, SettingsError):
            self.counts["failed"] += 1
            self._on_failure(opened)
            return
        old, (self._reader, self.built_at) = self._reader, opened
        old.close()
        self.counts["ok"] += 1
        self.generation += 1

    def _judge_age(self) -> None:
        if self._is_fresh() != self._fresh:
            self._fresh = not self._fresh
            self.generation += 1

    def _is_fresh(self) -> bool:
        return self._max_age == 0 or self._clock() - self.built_at <= self._max_age


def open_database(file: str, setting: str, probe: Probe) -> tuple[Reader, float]:
    """Open and probe `file`, which `setting` names. SettingsError where it cannot be read or has not what is wanted of it."""
    try:
        import maxminddb  # noqa: PLC0415 - an optional extra, demanded only where a database is configured
    except ImportError:
        raise SettingsError("geolocation needs the extra: pip install 'model-access-gateway[geo]'") from None
    try:
        reader = maxminddb.open_database(file, maxminddb.MODE_MMAP_EXT)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise SettingsError(f"{setting}: {file} cannot be opened: {error}") from None
    try:
        probe(reader, file)
    except SettingsError:
        reader.close()
        raise
    return reader, float(reader.metadata().build_epoch)
