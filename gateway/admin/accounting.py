"""What the record of changes says, held against what is stored and against the operators' signatures; pure.

Whoever writes to the store by hand leaves no entry, or one that he has made up: the first is found by what no entry accounts for, the
second carries no signatures of two operators.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec

from gateway.admin.operators import PROOF_BY_TOKEN, Proof, holds
from gateway.admin.pending import Approved, Content
from gateway.settings.approval_shape import OperatorSection

Row = dict[str, Any]
ChangeEntry = Mapping[str, str | int]
"""One entry of the record, as `store.reader` gives it."""
Policy = Mapping[str, Mapping[str, str]]
"""Key -> field -> what is stored there, for every key that is policy."""

OUTSIDE: Final = "outside the tools"
NOT_PROVED: Final = "not proved"
APPROVED_BY: Final = ", approved by "


def account(changes: Sequence[ChangeEntry], stored: Policy, operators: Sequence[OperatorSection]) -> list[Row]:
    """Give the changes with who `approved` each, and between and after them what was done by hand: who, when and why nobody knows.

    Of a record whose beginning was cut off, what it does not mention is not held against it.
    """
    rows: list[Row] = []
    known: dict[tuple[str, str], str] = {}
    whole = not changes or changes[0]["revision"] == 1
    for _, entries in groupby(changes, key=lambda change: change["revision"]):
        together = list(entries)
        approved = _approved(together, operators)
        for change in together:
            place = (str(change["key"]), str(change["field"]))
            before = str(change["before"])
            if before != known.get(place, "" if whole else before):
                rows.append(_by_hand(place, known.get(place, ""), before, f"before {change['when']}"))
            known[place] = str(change["after"])
            rows.append({name: value for name, value in change.items() if name != "proof"} | {"approved": approved})
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


def _approved(entries: Sequence[ChangeEntry], operators: Sequence[OperatorSection]) -> str:
    """Name the two operators who have signed exactly these entries; empty where nobody says that two have."""
    proof = next((str(entry["proof"]) for entry in entries if "proof" in entry), None)
    if proof is None:
        return NOT_PROVED if any(APPROVED_BY in str(entry["who"]) for entry in entries) else ""
    try:
        told = msgspec.json.decode(proof, type=Approved)
    except (msgspec.MsgspecError, UnicodeError):
        return NOT_PROVED
    asked, approved = told.asked, told.approved
    by_token = approved.proof == PROOF_BY_TOKEN
    good = (
        asked.operator == told.content.who != approved.operator
        and holds(asked, operators, told.content.statement("propose"))
        and (_shows_tokens(approved, operators) if by_token else holds(approved, operators, told.content.statement("approve")))
        and _says(told.content, entries)
    )
    return f"{asked.operator}, {approved.operator}{' (by token)' if by_token else ''}" if good else NOT_PROVED


def _shows_tokens(proof: Proof, operators: Iterable[OperatorSection]) -> bool:
    return any(one.name == proof.operator and one.token_sha256 for one in operators)


def _says(content: Content, entries: Iterable[ChangeEntry]) -> bool:
    signed = {(step.what, step.key, step.field, step.after or "") for step in content.steps}
    return all((entry["what"], entry["key"], entry["field"], entry["after"]) in signed for entry in entries)
