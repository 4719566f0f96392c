"""Carry out one command as one change in the store, in the name of one actor."""

from collections.abc import Sequence
from typing import Protocol

from gateway.admin.commands import Command
from gateway.admin.edits import edits_of
from gateway.store.edit import Condition, Edit
from gateway.store.keys import Keys


class Change(Protocol):
    """What the store has done: the revision it made, and the field's JSON before and after (None: no such field)."""

    @property
    def revision(self) -> int:
        """Revision of the policy that this change made."""
        ...

    @property
    def before(self) -> bytes | None:
        """JSON of the field as it was."""
        ...

    @property
    def after(self) -> bytes | None:
        """JSON of the field as it is."""
        ...

    @property
    def written_at(self) -> float | None:
        """When, epoch seconds on the store's clock; None where nothing was written."""
        ...


class PolicyStore(Protocol):
    """What is needed of `store.writer.PolicyWriter`."""

    async def carry_out(
        self, edits: Sequence[Edit], actor: str, reason: str = "", conditions: Sequence[Condition] = (), *, at: int | None = None
    ) -> Sequence[Change]:
        """Make all edits in one transaction, with the revision and their entries in the stream of changes; one answer for each."""
        ...


class Administration:
    """Gives commands to `store` as `actor`: asserted by the machine and not proved, unless the actor says otherwise."""

    def __init__(self, store: PolicyStore, keys: Keys, actor: str) -> None:
        self._store = store
        self._keys = keys
        self._actor = actor

    def __repr__(self) -> str:
        return f"Administration({self._actor})"

    async def carry_out(self, command: Command, conditions: Sequence[Condition] = (), at: int | None = None) -> Change:
        """Write it; raises CommandError where a condition fails, StoreUnavailableError where the store cannot be reached or written.

        `at`: the revision of the policy by which the command was judged, None where it needs no judging; OvertakenError if that is past.
        """
        return (await self._store.carry_out(edits_of(command, self._keys), self._actor, command.reason, conditions, at=at))[0]
