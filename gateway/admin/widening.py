"""Which commands may permit what was refused before; pure. What cannot be told to narrow counts as widening."""

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from gateway.admin.commands import AddPartner, Command, ImportPartners, RemovePartner, SetStage
from gateway.admin.directives import ApplyDirective, LiftDirective
from gateway.admin.revocations import LiftRevocation, Revoke
from gateway.policy.snapshot import Snapshot, StageRecord
from gateway.policy.stage import GENERAL, RANK, in_force
from gateway.store.codec import decode_revocation, decode_stage


def always_narrows(command: Command) -> bool:
    """Say whether a command narrows whatever the policy is, so that nothing need be known to give it.

    A removal counts as one: that it also takes away what is known of the owners is looked into where settings ask for two.
    """
    return isinstance(command, RemovePartner) or (isinstance(command, Revoke) and "until" not in command.entry)


def widens(command: Command, snapshot: Snapshot, now: float) -> bool:
    """Say whether a command may permit, at `now` or later (epoch seconds), what `snapshot` refuses."""
    match command:
        case AddPartner() | LiftDirective() | LiftRevocation():
            return True
        case RemovePartner():
            return _forgets_owners(command, snapshot, now)
        case ImportPartners():
            return any(widens(step, snapshot, now) for step in command.steps)
        case ApplyDirective():
            stored = {directive.id for directive in snapshot.directives}
            return command.id in stored or not stored.isdisjoint(command.supersedes)
        case Revoke():
            return _shortens(command, snapshot)
        case SetStage():
            return _stage_widens(command, snapshot, now)
        case _:
            assert_never(command)


def _forgets_owners(command: RemovePartner, snapshot: Snapshot, now: float) -> bool:
    """What an entry tells of an organisation's owners goes with it, and may be all that refuses it where no grant is needed."""
    grant, model = snapshot.grants.get(command.model, {}).get(command.organisation), snapshot.catalogue.get(command.model)
    if grant is None or grant.ownership is None or model is None:
        return False
    record = snapshot.stages.get(model.id, StageRecord(model.stage))
    return GENERAL in (in_force(record, now).stage, record.next_stage)


def _shortens(command: Revoke, snapshot: Snapshot) -> bool:
    before = snapshot.revocations.get(command.key)
    after, _ = decode_revocation(_json(command.entry))
    return before is not None and (before.invalid or after.until < before.until)


def _stage_widens(command: SetStage, snapshot: Snapshot, now: float) -> bool:
    """Compare both at every instant at which either changes."""
    model = snapshot.catalogue[command.model]
    before = snapshot.stages.get(command.model, StageRecord(model.stage))
    after, problem = decode_stage(_json(command.record))
    if problem:
        return True
    instants = {now, *(record.next_from for record in (before, after) if record.next_stage is not None and record.next_from > now)}
    return any(RANK[in_force(after, at).stage] > RANK[in_force(before, at).stage] for at in instants)


def _json(fields: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(dict(fields))
