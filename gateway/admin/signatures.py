"""The signatures under the entries of the record of changes: who has approved what, by the keys in the settings; pure.

An approval is of one content, for one time, until it expires: two signatures copied under another entry approve nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from gateway.admin.operators import PROOF_BY_TOKEN, Proof, holds
from gateway.admin.pending import Approved, Content, digest
from gateway.settings.approval_shape import OperatorSection

ChangeEntry = Mapping[str, str | int]
"""One entry of the record, as `store.reader` gives it."""

NOT_PROVED: Final = "not proved"
APPROVED_BY: Final = ", approved by "
WRITING: Final = 60.0
"""Seconds that may pass between the last look at an approval's expiry and its entry."""


class Signatures:
    """Looks at entries in the order of the record, and remembers which approvals it has seen."""

    def __init__(self, operators: Sequence[OperatorSection]) -> None:
        self._operators = operators
        self._spent: set[str] = set()

    def __repr__(self) -> str:
        return f"<Signatures {len(self._spent)} approvals seen>"

    def under(self, entries: Sequence[ChangeEntry]) -> str:
        """Name the two operators who have signed exactly these entries of one revision; empty where nobody says that two have."""
        proof = next((str(entry["proof"]) for entry in entries if "proof" in entry), None)
        if proof is None:
            return NOT_PROVED if any(APPROVED_BY in str(entry["who"]) for entry in entries) else ""
        try:
            told = msgspec.json.decode(proof, type=Approved)
        except (msgspec.MsgspecError, UnicodeError):
            return NOT_PROVED
        if told.content.name in self._spent or not self._holds(told) or not _says(told.content, entries):
            return NOT_PROVED
        self._spent.add(told.content.name)
        by_token = " (by token)" if told.approved.proof == PROOF_BY_TOKEN else ""
        return f"{told.asked.operator}, {told.approved.operator}{by_token}"

    def _holds(self, told: Approved) -> bool:
        """Check who asked and who approved; of a token that was shown only that the operator has one."""
        asked, approved, operators = told.asked, told.approved, self._operators
        if not asked.operator == told.content.who != approved.operator or not holds(asked, operators, told.content.statement("propose")):
            return False
        if approved.proof == PROOF_BY_TOKEN:
            return _shows_tokens(approved, operators)
        return holds(approved, operators, told.content.statement("approve"))


def _shows_tokens(proof: Proof, operators: Iterable[OperatorSection]) -> bool:
    return any(one.name == proof.operator and one.token_sha256 for one in operators)


def _says(content: Content, entries: Iterable[ChangeEntry]) -> bool:
    """Say whether each entry is a step of the content, replaced what the step was to replace, and was made in time."""
    signed = {(step.what, step.key, step.field, step.after or "", step.before) for step in content.steps}
    return all(_made(entry) in signed and written_at(entry) < content.until + WRITING for entry in entries)


def _made(entry: ChangeEntry) -> tuple[object, ...]:
    before = str(entry["before"])
    return (entry["what"], entry["key"], entry["field"], entry["after"], digest(before.encode() if before else None))


def written_at(entry: ChangeEntry) -> float:
    """Give when the store took the entry, epoch seconds: its id, which only the store's clock and the entries before it bound."""
    return int(str(entry["id"]).partition("-")[0]) / 1e3
