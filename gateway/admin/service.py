"""Carry out one command as one change in the store, in the name of one actor."""

import json
from collections.abc import Mapping
from typing import Protocol, assert_never

from gateway.admin.commands import AddPartner, Command, RemovePartner, SetStage
from gateway.admin.revocations import LiftRevocation, Revoke


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
    """What is needed of `store.writer.PolicyWriter`: each call is one transaction of data, revision and change entry."""

    async def put_grant(self, model: str, organisation: str, grant_json: bytes, actor: str, reason: str) -> Change:
        """Write one organisation's grant."""
        ...

    async def remove_grant(self, model: str, organisation: str, actor: str, reason: str) -> Change:
        """Delete one organisation's grant."""
        ...

    async def put_stage(self, model: str, stage_json: bytes, actor: str, reason: str) -> Change:
        """Write one model's stage record."""
        ...

    async def put_revocation(self, name: str, revocation_json: bytes, actor: str, reason: str) -> Change:
        """Write one revocation."""
        ...

    async def remove_revocation(self, name: str, actor: str, reason: str) -> Change:
        """Delete one revocation."""
        ...


class Administration:
    """Gives commands to `store` as `actor`, who is asserted by the machine and not proved."""

    def __init__(self, store: PolicyStore, actor: str) -> None:
        self._store = store
        self._actor = actor

    def __repr__(self) -> str:
        return f"Administration({self._actor})"

    async def carry_out(self, command: Command) -> Change:
        """Write it; raises StoreUnavailableError where the store cannot be reached or may not be written."""
        match command:
            case AddPartner():
                return await self._store.put_grant(command.model, command.organisation, _stored(command.grant), self._actor, command.reason)
            case RemovePartner():
                return await self._store.remove_grant(command.model, command.organisation, self._actor, command.reason)
            case SetStage():
                return await self._store.put_stage(command.model, _stored(command.record), self._actor, command.reason)
            case Revoke():
                return await self._store.put_revocation(command.key, _stored(command.entry), self._actor, command.reason)
            case LiftRevocation():
                return await self._store.remove_revocation(command.key, self._actor, command.reason)
            case _:
                assert_never(command)


def _stored(fields: Mapping[str, object]) -> bytes:
    return json.dumps(dict(fields), ensure_ascii=False, separators=(",", ":")).encode()
