"""What the record of changes says, held against what is stored and against the operators' signatures; pure.

Whoever writes to the store by hand leaves no entry, or one that he has made up: the first is found by what no entry accounts for, the
second carries no signatures of two operators.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from gateway.admin.signatures import ChangeEntry, Signatures
from gateway.settings.approval_shape import Approvals

Row = dict[str, Any]
Judge = Callable[[ChangeEntry], bool]
"""Whether an entry may have permitted what was refused before."""
Policy = Mapping[str, Mapping[str, str]]
"""Key -> field -> what is stored there, for every key that is policy."""

OUTSIDE: Final = "outside the tools"
NOBODY: Final = "nobody"


def nothing_widens(_: ChangeEntry) -> bool:
    """Say so of every entry: where nobody asks who approved what."""
    return False


def account(changes: Sequence[ChangeEntry], stored: Policy, approvals: Approvals, judge: Judge = nothing_widens) -> list[Row]:
    """Give the changes with who `approved` each, and between and after them what was done by hand: who, when and why nobody knows.

    Of a record whose beginning was cut off, what it does not mention is not held against it. `judge` says which entries may have widened:
    where settings ask for two, one that nobody has approved is marked as by `nobody`. An entry that names nobody accounts for nothing.
    """
    rows: list[Row] = []
    signatures = Signatures(approvals.operators)
    known: dict[tuple[str, str], str] = {}
    whole = not changes or changes[0]["revision"] == 1
    for _, entries in groupby(changes, key=lambda change: change["revision"]):
        together = list(entries)
        approved = signatures.under(together)
        for change in together:
            place = (str(change["key"]), str(change["field"]))
            before = str(change["before"])
            if before != known.get(place, "" if whole else before):
                rows.append(_by_hand(place, known.get(place, ""), before, f"before {change['when']}"))
            if change["who"]:
                known[place] = str(change["after"])
            alone = approvals.widening and not approved and judge(change)
            told = {name: value for name, value in change.items() if name != "proof"}
            rows.append(told | {"who": change["who"] or OUTSIDE, "approved": NOBODY if alone else approved})
    return rows + list(_unaccounted(known, stored, whole=whole))


def _unaccounted(known: Mapping[tuple[str, str], str], stored: Policy, *, whole: bool) -> Iterator[Row]:
    """Give every field that holds something else than what was last written there with the tools."""
    held = {(key, name): value for key, fields in stored.items() for name, value in fields.items()}
    places = known.keys() | held.keys() if whole else known.keys()
    for place in sorted(places):
        if place[0] in stored and held.get(place, "") != known.get(place, ""):
            yield _by_hand(place, known.get(place, ""), held.get(place, ""), "")


def _by_hand(place: tuple[str, str], before: str, after: str, when: str) -> Row:
    said: Row = {"id": None, "revision": None, "when": when, "who": OUTSIDE, "what": "by hand", "why": ""}
    return said | {"key": place[0], "field": place[1], "before": before, "after": after, "approved": ""}
