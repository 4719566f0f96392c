"""What the databases say of an address: where it is, where its network is registered, whether it hides somebody, whether it is rented."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from msgspec import Struct

from gateway.errors import SettingsError
from gateway.location.database import Database
from gateway.location.records import Flag, at, flag, probe_countries, probe_flags, steps_of, subdivisions
from gateway.policy.countries import read_country
from gateway.settings.shape import AnonymizerDatabase, Geolocation, HostingDatabase


class Place(Struct, frozen=True, gc=False):
    """What the databases say of an address: alpha-2 codes, ISO 3166-2 codes of every level; None and empty where they say nothing.

    `anonymizer` and `hosting` are None where no database of that kind is configured, or the one that is cannot say.
    """

    country: str | None = None
    regions: tuple[str, ...] = ()
    registered: str | None = None
    anonymizer: bool | None = None
    hosting: bool | None = None


UNKNOWN_PLACE: Final = Place()


class GeoDatabase:
    """The configured databases as one. Making it opens and probes every file; SettingsError says what is wrong and what is right.

    `generation` rises whenever answers may differ from before, `counts` tells reloads by outcome; `built_at` (epoch seconds) and `fresh`
    are those of the database of countries, `databases` goes by setting.
    """

    def __init__(
        self,
        settings: Geolocation,
        clock: Callable[[], float] = time.time,
        on_failure: Callable[[SettingsError], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        self._country, self._subdivisions = steps_of(settings.country_path), steps_of(settings.subdivisions_path)
        self._registered = steps_of(settings.registered_country_path)
        probe = partial(probe_countries, path=settings.country_path)
        self._countries = Database(settings.file, "geolocation.file", settings.max_age, probe, clock, on_failure)
        self._anonymizers = _Marks(settings.anonymizer, "geolocation.anonymizer", clock, on_failure) if settings.anonymizer else None
        self._hosting = _Marks(settings.hosting, "geolocation.hosting", clock, on_failure) if settings.hosting else None
        self.databases = {"country": self._countries}
        self.databases |= {"anonymizer": self._anonymizers.database} if self._anonymizers else {}
        self.databases |= {"hosting": self._hosting.database} if self._hosting else {}
        self.generation = 0
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<GeoDatabase {list(self.databases.values())}>"

    @property
    def counts(self) -> dict[str, int]:
        """Reloads of all files by outcome, `ok` or `failed`."""
        return {outcome: sum(database.counts[outcome] for database in self.databases.values()) for outcome in ("ok", "failed")}

    @property
    def built_at(self) -> float:
        """When the database of countries was built."""
        return self._countries.built_at

    @property
    def fresh(self) -> bool:
        """Whether it is younger than `max_age`; if not, every place is unknown."""
        return self._countries.fresh

    @property
    def marks_anonymizers(self) -> bool:
        """Whether a database of anonymizers is configured."""
        return self._anonymizers is not None

    def place(self, address: str) -> Place:
        """Look up a normalised address; unknown where there is no record, no country code in it, or the database is too old."""
        record = self._countries.record(address)
        country = read_country(at(record, self._country), "alpha-2")
        return Place(
            country,
            subdivisions(country, at(record, self._subdivisions)) if country and self._subdivisions else (),
            read_country(at(record, self._registered), "alpha-2") if self._registered else None,
            self._anonymizers.marks(address) if self._anonymizers is not None else None,
            self._hosting.marks(address) if self._hosting is not None else None,
        )

    def refresh(self) -> None:
        """Open each file again if it was replaced, and judge its age again. A bad new file changes nothing and is reported."""
        for database in self.databases.values():
            database.refresh()
        self._count()

    def start(self, every: float = 1.0) -> None:
        """Refresh every so many seconds; needs a running loop."""
        self._task = asyncio.create_task(self._keep_fresh(every), name="geolocation")

    async def stop(self) -> None:
        """Stop refreshing and unmap the files; every place is unknown from then on."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for database in self.databases.values():
            database.close()
        self._count()

    def _count(self) -> None:
        self.generation = sum(database.generation for database in self.databases.values())

    async def _keep_fresh(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            for database in self.databases.values():
                await database.refresh_aside()
                self._count()


class _Marks:
    """A database of which some flags mark an address."""

    def __init__(
        self,
        settings: AnonymizerDatabase | HostingDatabase,
        setting: str,
        clock: Callable[[], float],
        on_failure: Callable[[SettingsError], None],
    ) -> None:
        self._flags: tuple[Flag, ...] = tuple(map(flag, settings.paths))
        probe = partial(probe_flags, flags=self._flags, setting=setting)
        self.database = Database(settings.file, f"{setting}.file", settings.max_age, probe, clock, on_failure)

    def marks(self, address: str) -> bool | None:
        """Say whether the address is marked; one that is not in the database is not, None where it cannot say."""
        record = self.database.record(address)
        return None if record is None else any(one.marks(record) for one in self._flags)
