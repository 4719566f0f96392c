"""Country groups: named lists with source and date, read strictly, and resolved once into plain sets of codes."""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from gateway.policy.codes import ALPHA2, KOSOVO, is_subdivision
from gateway.policy.countries import normalise

T = TypeVar("T")

ALL_ISO: Final = ALPHA2 - {KOSOVO}
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
    """A group with all its codes, never empty."""

    codes: frozenset[str]


class _Document(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    groups: dict[str, object]
    schema: Literal[1] = 1
    compiled: date | None = None
    sources: dict[str, str] = {}
    normalise: dict[str, dict[str, str] | tuple[str, ...]] = {}
    territory_parent: dict[str, tuple[str, ...]] = {}


NO_GROUPS: Final[Mapping[str, CountryGroup]] = MappingProxyType({})


def read_groups(document: Mapping[str, object]) -> Mapping[str, CountryGroup]:
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
    return {name: CountryGroup(**msgspec.structs.asdict(entry), codes=book.resolve(name, ())) for name, entry in entries.items()}


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
