"""A MaxMind-format database: opened with the C extension over a memory map, probed, replaced while running, unknown when too old."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from msgspec import Struct

from gateway.errors import SettingsError
from gateway.policy.countries import read_country
from gateway.settings.fingerprint import fingerprint
from gateway.settings.shape import Geolocation

PROBED_RECORDS: Final = 500
GUESSES: Final = ("/country/iso_code", "/country_code", "/registered_country/iso_code", "/country")


class Place(Struct, frozen=True, gc=False):
    """What a database says of an address: an alpha-2 code, and ISO 3166-2 codes of every level; None and empty where it says nothing."""

    country: str | None = None
    regions: tuple[str, ...] = ()


UNKNOWN_PLACE: Final = Place()


class Records(Protocol):
    """What is used of a maxminddb reader."""

    def get(self, ip_address: str) -> object:
        """Return the record of an address."""

    def close(self) -> None:
        """Unmap the file."""


class GeoDatabase:
    """One database file. Making it opens and probes the file; SettingsError says what is wrong and what is right.

    `generation` rises whenever answers may differ from before, `built_at` is the build's epoch seconds, `counts` tells reloads by outcome.
    Replace the file by renaming a new one over it: a mapped file that is rewritten in place is undefined behaviour.
    """

    def __init__(
        self,
        settings: Geolocation,
        clock: Callable[[], float] = time.time,
        on_failure: Callable[[SettingsError], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        self.generation = 0
        self.counts = {"ok": 0, "failed": 0}
        self._country, self._subdivisions = _steps(settings.country_path), _steps(settings.subdivisions_path)
        self._clock, self._on_failure = clock, on_failure
        self._seen = fingerprint(Path(settings.file))
        self._records, self.built_at = open_database(settings)
        self._fresh = self._is_fresh()
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<GeoDatabase {self.settings.file} built_at={self.built_at:.0f} fresh={self._fresh} generation={self.generation}>"

    @property
    def fresh(self) -> bool:
        """Whether the build is younger than `max_age`; if not, every place is unknown."""
        return self._fresh

    def place(self, address: str) -> Place:
        """Look up a normalised address; unknown where there is no record, no country code in it, or the database is too old."""
        if not self._fresh:
            return UNKNOWN_PLACE
        try:
            record = self._records.get(address)
        except Exception:  # noqa: BLE001 - a damaged database or an IPv6 address in an IPv4 one: nothing is known
            return UNKNOWN_PLACE
        return self._read(record)

    def refresh(self) -> None:
        """Open the file again if it was replaced, and judge its age again. A bad new file changes nothing and is reported."""
        seen = fingerprint(Path(self.settings.file))
        if seen != self._seen:
            self._seen = seen
            self._replace()
        if self._is_fresh() != self._fresh:
            self._fresh = not self._fresh
            self.generation += 1

    def start(self, every: float = 5.0) -> None:
        """Refresh every so many seconds; needs a running loop."""
        self._task = asyncio.create_task(self._keep_fresh(every), name="geolocation")

    async def stop(self) -> None:
        """Stop refreshing and unmap the file; every place is unknown from then on."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._fresh = False
        self.generation += 1
        self._records.close()

    async def _keep_fresh(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            self.refresh()

    def _replace(self) -> None:
        try:
            records, self.built_at = open_database(self.settings)
        except SettingsError as error:
            self.counts["failed"] += 1
            self._on_failure(error)
            return
        old, self._records = self._records, records
        old.close()
        self.counts["ok"] += 1
        self.generation += 1

    def _is_fresh(self) -> bool:
        return self.settings.max_age == 0 or self._clock() - self.built_at <= self.settings.max_age

    def _read(self, record: object) -> Place:
        country = read_country(_at(record, self._country), "alpha-2")
        if country is None:
            return UNKNOWN_PLACE
        parts = _at(record, self._subdivisions) if self._subdivisions else None
        names = (_part(part) for part in (parts if isinstance(parts, list) else [parts]))
        return Place(country, tuple(name if name.startswith(country + "-") else f"{country}-{name}" for name in names if name))


def open_database(settings: Geolocation) -> tuple[Records, float]:
    """Open and probe a file: its reader and its build date. SettingsError where it cannot be read or `country_path` finds no country."""
    try:
        import maxminddb  # noqa: PLC0415 - an optional extra, demanded only where a database is configured
    except ImportError:
        raise SettingsError("geolocation needs the extra: pip install 'model-access-gateway[geo]'") from None
    try:
        reader = maxminddb.open_database(settings.file, maxminddb.MODE_MMAP_EXT)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise SettingsError(f"geolocation.file: {settings.file} cannot be opened: {error}") from None
    records = [record for _, record in islice(reader, PROBED_RECORDS)]
    if not _has_countries(records, settings.country_path):
        reader.close()
        better = next((guess for guess in GUESSES if _has_countries(records, guess)), None)
        hint = f" Write: country_path: {better}" if better else ""
        raise SettingsError(f"geolocation.country_path: {settings.country_path} leads to no alpha-2 code in {settings.file}.{hint}")
    return reader, float(reader.metadata().build_epoch)


def _has_countries(records: list[Any], path: str) -> bool:
    steps = _steps(path)
    return any(read_country(_at(record, steps), "alpha-2") is not None for record in records)


def _steps(pointer: str) -> tuple[str, ...]:
    """Take a JSON Pointer apart (RFC 6901)."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def _at(record: object, steps: tuple[str, ...]) -> object:
    for step in steps:
        record = record.get(step) if isinstance(record, Mapping) else None
    return record


def _part(part: object) -> str:
    """Name one subdivision: a record with `iso_code`, or the code itself."""
    code = part.get("iso_code") if isinstance(part, Mapping) else part
    return code.upper() if isinstance(code, str) and code.isascii() else ""
