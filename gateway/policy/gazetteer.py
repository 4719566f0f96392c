"""Named groups of countries, and the codes they stand for."""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from msgspec import Struct

from gateway.policy.codes import ALPHA2, is_subdivision
from gateway.policy.countries import normalise

QUOTE_NO: Final = 'quote codes ("NO"): unquoted NO is a boolean in YAML 1.1'


class GroupEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One group as its file has it: facts with a date, not advice.

    Its codes are `members` (ISO 3166-1 alpha-2), `regions` (ISO 3166-2), those of groups it includes, the territories that
    `territory_rule` counts to one of these, and what `derive` computes ("all_iso - group - group").
    """

    title: str = ""
    citation: str = ""
    as_of: date | None = None
    review_by: date | None = None
    origin: Literal["sourced", "recalled", "derived", ""] = ""
    source: str | tuple[str, ...] | None = None
    confidence: Literal["high", "medium", "low", ""] = ""
    status: str = ""
    notes: str = ""
    disputed: dict[str, str] = {}
    members: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    derive: str = ""
    territory_rule: str = ""


class CountryGroup(GroupEntry, frozen=True, kw_only=True):
    """A group with all its codes, never empty. `good_until`: the first review date of it and of the groups it is made of."""

    codes: frozenset[str]
    good_until: date | None = None


class Gazetteer(Mapping[str, CountryGroup]):
    """The groups of one file by name; called, it replaces names of groups by their codes.

    `parents` is the file's territory_parent: country -> codes that databases return for parts of it. `folds` goes by the name of a
    territory rule: code -> the country that it is counted to.
    """

    def __init__(
        self,
        groups: Mapping[str, CountryGroup] = MappingProxyType({}),
        parents: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
        folds: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        self._groups = groups
        self.parents = parents
        self.folds = folds

    def __repr__(self) -> str:
        return f"<Gazetteer {len(self._groups)} groups>"

    def __getitem__(self, name: str) -> CountryGroup:
        return self._groups[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    def __call__(self, names: Iterable[object], *, territories: bool = False) -> frozenset[str]:
        """Expand names of groups and codes; with `territories`, those of each country too. Raises ValueError naming what is neither."""
        codes = expand(names, self)
        return codes.union(*(self.parents.get(code, ()) for code in codes)) if territories else codes

    def good_until(self, names: Iterable[object]) -> float:
        """Give the instant (epoch seconds) from which the first of these groups is past its review date: the midnight (UTC) after it."""
        dates = [day for name in names if isinstance(name, str) and name in self and (day := self[name].good_until) is not None]
        return midnight_after(min(dates)) if dates else math.inf


def midnight_after(day: date) -> float:
    """Give the instant (epoch seconds) at which `day` is over in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + timedelta(days=1).total_seconds()


NO_GROUPS: Final = Gazetteer()


def expand(names: Iterable[object], groups: Mapping[str, CountryGroup] = NO_GROUPS) -> frozenset[str]:
    """Replace names of groups by their codes; codes pass as they are. Raises ValueError that names what is neither."""
    none: frozenset[str] = frozenset()
    return none.union(*(groups[name].codes if isinstance(name, str) and name in groups else {_code(name)} for name in names))


def _code(name: object) -> str:
    if isinstance(name, str) and (name in ALPHA2 or is_subdivision(name)):
        return name
    meant = normalise(name).alpha2
    hint = f"write {meant}" if meant else "expected ISO 3166-1 alpha-2, ISO 3166-2 or the name of a country group"
    raise ValueError(f"unknown country code or group {name!r}: {hint if isinstance(name, str) else QUOTE_NO}")


def parts_of(entry: GroupEntry) -> tuple[str, ...]:
    """Name the groups that a group is made of: those that it includes, and those that `derive` subtracts."""
    return (*entry.include, *entry.derive.split(" - ")[1:])
