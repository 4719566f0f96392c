"""The file of country groups: read strictly, its groups resolved once into plain sets of codes."""

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from gateway.policy.codes import ALPHA2, KOSOVO
from gateway.policy.gazetteer import NO_GROUPS, QUOTE_NO, CountryGroup, Gazetteer, GroupEntry, expand, parts_of

__all__ = ["NO_GROUPS", "CountryGroup", "Gazetteer", "expand", "read_groups"]

T = TypeVar("T")

ALL_ISO: Final = ALPHA2 - {KOSOVO}


class _Document(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    groups: dict[str, object]
    schema: Literal[1] = 1
    compiled: date | None = None
    sources: dict[str, str] = {}
    normalise: dict[str, dict[str, str] | tuple[str, ...]] = {}
    territory_parent: dict[str, tuple[str, ...]] = {}


def read_groups(document: Mapping[str, object]) -> Gazetteer:
    """Read a parsed country_groups file.

    Raises ValueError that names the group and says what is wrong: an unknown field, code or group, a boolean where NO was
    not quoted, a group that includes itself or is empty.
    """
    whole = _convert(document, _Document, "country groups")
    entries = {name: _convert(entry, GroupEntry, f"country group {name!r}") for name, entry in whole.groups.items()}
    for name in entries:
        if not name.islower() or "-" in name:
            raise ValueError(f"country group {name!r}: names are lower-case and without '-', so that none looks like a code")
    territories = {name: rule for name, rule in whole.normalise.items() if isinstance(rule, dict)}
    book = _Book(entries, territories)
    groups = {
        name: CountryGroup(**msgspec.structs.asdict(entry), codes=book.resolve(name, ()), good_until=book.good_until(name))
        for name, entry in entries.items()
    }
    return Gazetteer(groups, _parents(whole.territory_parent), territories)


def _parents(written: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    for parent, parts in written.items():
        try:
            expand((parent, *parts))
        except ValueError as error:
            raise ValueError(f"country groups: territory_parent: {error}") from None
    return written


def _convert(value: object, kind: type[T], where: str) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        hint = f"; {QUOTE_NO}" if "`bool`" in str(error) else ""
        raise ValueError(f"{where}: {error}{hint}") from None


class _Book(Struct, frozen=True):
    """The entries of one file, resolved against each other; `territories` goes by the name of the rule."""

    entries: Mapping[str, GroupEntry]
    territories: Mapping[str, Mapping[str, str]]

    def resolve(self, name: str, within: tuple[str, ...]) -> frozenset[str]:
        """Compute the codes of one group; `within` are the groups that asked for it, outermost first."""
        if name in within:
            raise ValueError(f"country group {name!r} includes itself: {' -> '.join((*within, name))}")
        entry, inner = self.entries[name], (*within, name)
        codes = self._written(name, entry) | self._derived(name, entry, inner)
        codes = codes.union(*(self._other(name, other, inner) for other in entry.include))
        codes |= {territory for territory, country in self._rule(name, entry).items() if country in codes}
        if not codes:
            raise ValueError(f"country group {name!r} is empty: a rule on it would test nothing")
        return codes

    def good_until(self, name: str) -> date | None:
        """Give the first review date of a group and of all that it is made of; the group has been resolved before."""
        entry = self.entries[name]
        dates = [entry.review_by, *map(self.good_until, parts_of(entry))]
        return min((day for day in dates if day is not None), default=None)

    def _written(self, name: str, entry: GroupEntry) -> frozenset[str]:
        try:
            return expand((*entry.members, *entry.regions))
        except ValueError as error:
            raise ValueError(f"country group {name!r}: {error}") from None

    def _derived(self, name: str, entry: GroupEntry, within: tuple[str, ...]) -> frozenset[str]:
        if not entry.derive:
            return frozenset()
        whole, *others = entry.derive.split(" - ")
        if whole != "all_iso":
            raise ValueError(f'country group {name!r}: derive is written "all_iso - group - group"')
        return ALL_ISO.difference(*(self._other(name, other, within) for other in others))

    def _other(self, name: str, other: str, within: tuple[str, ...]) -> frozenset[str]:
        if other not in self.entries:
            raise ValueError(f"country group {name!r}: unknown group {other!r}")
        return self.resolve(other, within)

    def _rule(self, name: str, entry: GroupEntry) -> Mapping[str, str]:
        if entry.territory_rule and entry.territory_rule not in self.territories:
            raise ValueError(f"country group {name!r}: unknown territory_rule {entry.territory_rule!r}, expected a map under normalise")
        return self.territories.get(entry.territory_rule, {})
