"""Which commands may permit what was refused before; pure. What cannot be told to narrow counts as widening."""

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from gateway.admin.commands import AddPartner, Command, ImportPartners, RemovePartner, SetStage
from gateway.admin.directives import ApplyDirective, LiftDirective
from gateway.admin.revocations import LiftRevocation, Revoke
from gateway.admin.signatures import ChangeEntry, written_at
from gateway.policy.directive import Directive
from gateway.policy.share import UNLIMITED
from gateway.policy.snapshot import Grant, Snapshot, StageRecord
from gateway.policy.stage import GENERAL, RANK, in_force
from gateway.policy.vocabulary import Stage
from gateway.store.codec import decode_directive, decode_revocation, decode_stage


def always_narrows(command: Command) -> bool:
    """Say whether a command narrows whatever the policy is, so that nothing need be known to give it.

    A removal counts as one: what else the entry tells, its owners and its limits, is looked into where settings ask for two.
    """
    return isinstance(command, RemovePartner) or (isinstance(command, Revoke) and "until" not in command.entry)


def widens(command: Command, snapshot: Snapshot, now: float) -> bool:  # noqa: PLR0911 (one for each kind)
    """Say whether a command may permit, at `now` or later (epoch seconds), what `snapshot` refuses."""
    match command:
        case AddPartner() | LiftRevocation():
            return True
        case RemovePartner():
            return _forgets(command, snapshot, now)
        case ImportPartners():
            return any(widens(step, snapshot, now) for step in command.steps)
        case ApplyDirective(id=name, supersedes=others):
            return _binds({name, *others}, snapshot, now)
        case LiftDirective(id=name):
            return _binds({name}, snapshot, now)
        case Revoke():
            return _shortens(command, snapshot)
        case SetStage():
            return _stage_widens(command, snapshot, now)
        case _:
            assert_never(command)


def _binds(names: set[str], snapshot: Snapshot, now: float) -> bool:
    """Say whether any of these directives refuses somebody, now or later: one that is only counted, or over, does not."""
    return any(may_refuse(directive, now) for directive in snapshot.directives if directive.id in names)


def may_refuse(directive: Directive, now: float) -> bool:
    """Say whether a directive refuses anybody at `now` (epoch seconds) or later."""
    return directive.invalid or (directive.enforce and now < directive.valid_until)


def tells_more(grant: Grant) -> bool:
    """Say whether an entry tells what may refuse where no grant is needed: the organisation's owners, a share of its own."""
    return grant.ownership is not None or grant.share is not UNLIMITED


def _forgets(command: RemovePartner, snapshot: Snapshot, now: float) -> bool:
    """What an entry tells besides goes with it, and may be all that refuses the organisation where no grant is needed."""
    grant, model = snapshot.grants.get(command.model, {}).get(command.organisation), snapshot.catalogue.get(command.model)
    if grant is None or model is None or not tells_more(grant):
        return False
    record = snapshot.stages.get(model.id, StageRecord(model.stage))
    return GENERAL in (in_force(record, now).stage, record.next_stage)


def _shortens(command: Revoke, snapshot: Snapshot) -> bool:
    before = snapshot.revocations.get(command.key)
    after, _ = decode_revocation(_json(command.entry))
    return before is not None and (before.invalid or after.until < before.until)


def entry_widens(entry: ChangeEntry, stages: Mapping[str, Stage]) -> bool:
    """Say the same of an entry in the record of changes; `stages` are those that the settings give to models by their ids."""
    before, after = str(entry["before"]).encode(), str(entry["after"]).encode()
    match entry["what"]:
        case "grant.put" | "revocation.remove":
            return True
        case "directive.put" | "directive.remove" | "directive.supersede":
            return bool(before) and may_refuse(decode_directive(str(entry["field"]), before, frozenset)[0], written_at(entry))
        case "revocation.put":
            (old, unread), (new, _) = decode_revocation(before), decode_revocation(after)
            return bool(before) and (bool(unread) or new.until < old.until)
        case "stage.put":
            was = decode_stage(before)[0] if before else StageRecord(stages.get(str(entry["field"]), Stage.SUSPENDED))
            return _ever_wider(was, after, written_at(entry))
        case _:
            return False


def _stage_widens(command: SetStage, snapshot: Snapshot, now: float) -> bool:
    model = snapshot.catalogue[command.model]
    return _ever_wider(snapshot.stages.get(command.model, StageRecord(model.stage)), _json(command.record), now)


def _ever_wider(before: StageRecord, stored: bytes, now: float) -> bool:
    """Compare both at every instant at which either changes."""
    after, problem = decode_stage(stored)
    if problem:
        return True
    instants = {now, *(record.next_from for record in (before, after) if record.next_stage is not None and record.next_from > now)}
    return any(RANK[in_force(after, at).stage] > RANK[in_force(before, at).stage] for at in instants)


def _json(fields: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(dict(fields))
