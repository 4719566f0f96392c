"""What stands in the records of the databases that are sold: countries and subdivisions, flags. Pure."""

from collections.abc import Mapping
from itertools import islice
from typing import Final

from msgspec import Struct

from gateway.errors import SettingsError
from gateway.location.database import Reader
from gateway.policy.countries import read_country

Steps = tuple[str, ...]

COUNTRY_RECORDS: Final = 500
FLAG_RECORDS: Final = 5000
"""Records looked at when a file is opened: every one has a country, but flags are often left out where they are false."""

GUESSES: Final = ("/country/iso_code", "/country_code", "/registered_country/iso_code", "/country")
KEYS_SHOWN: Final = 12

MAXMIND: Final = frozenset(
    ("/is_anonymous", "/is_anonymous_vpn", "/is_hosting_provider", "/is_public_proxy", "/is_residential_proxy", "/is_tor_exit_node")
)
"""Flags of MaxMind's Anonymous IP: a record holds only those that are true, so that a rare one need not be in the sample."""

_NOT_SET: Final = frozenset({"", "0", "false", "no", "none", "null"})


def steps_of(pointer: str) -> Steps:
    """Take a JSON Pointer apart (RFC 6901)."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def at(record: object, steps: Steps) -> object:
    """Follow steps into a record; None where they lead nowhere."""
    for step in steps:
        record = record.get(step) if isinstance(record, Mapping) else None
    return record


def subdivisions(country: str, parts: object) -> tuple[str, ...]:
    """Join the codes of every level with their country: a list of records with `iso_code` or of codes, or one of either."""
    names = (_part(part) for part in (parts if isinstance(parts, list) else [parts]))
    return tuple(name if name.startswith(country + "-") else f"{country}-{name}" for name in names if name)


def _part(part: object) -> str:
    code = part.get("iso_code") if isinstance(part, Mapping) else part
    return code.upper() if isinstance(code, str) and code.isascii() else ""


class Flag(Struct, frozen=True):
    """A place in a record that marks an address: by any value that does not say no, or by this `value` alone."""

    path: str
    steps: Steps
    value: str = ""

    def marks(self, record: object) -> bool:
        """Say whether the record is marked. Text is compared without case; whatever is not plainly no is a yes."""
        found = at(record, self.steps)
        text = str(found).lower()
        return text == self.value if self.value else text not in _NOT_SET


def flag(path: str) -> Flag:
    """Read a path as settings write it: `/is_tor_exit_node`, or `/usage_type=hosting`."""
    pointer, _, value = path.partition("=")
    return Flag(path, steps_of(pointer), value.lower())


def probe_countries(reader: Reader, file: str, path: str) -> None:
    """Demand that `path` leads to a country in some record; raises SettingsError with the path that does."""
    records = [record for _, record in islice(reader, COUNTRY_RECORDS)]
    if not _has_countries(records, path):
        better = next((guess for guess in GUESSES if _has_countries(records, guess)), None)
        hint = f" Write: country_path: {better}" if better else ""
        raise SettingsError(f"geolocation.country_path: {path} leads to no alpha-2 code in {file}.{hint}")


def _has_countries(records: list[object], path: str) -> bool:
    steps = steps_of(path)
    return any(read_country(at(record, steps), "alpha-2") is not None for record in records)


def probe_flags(reader: Reader, file: str, flags: tuple[Flag, ...], setting: str) -> None:
    """Demand that every flag stands in some record; raises SettingsError that names one that does not, and what the records hold."""
    missing, keys = list(flags), dict[str, None]()
    for _, record in islice(reader, FLAG_RECORDS):
        missing = [one for one in missing if at(record, one.steps) is None]
        keys |= dict.fromkeys(f"/{key}" for key in record) if isinstance(record, Mapping) else {}
        if not missing:
            return
    found = {one.path for one in flags} - {one.path for one in missing}
    unknown = [one.path for one in missing if not (one.path in MAXMIND and (found & MAXMIND or keys.keys() & MAXMIND))]
    if unknown:
        held = ", ".join(list(keys)[:KEYS_SHOWN]) or "nothing"
        raise SettingsError(f"{setting}.paths: {unknown[0]} is in no record of {file}. Its records hold {held}")
