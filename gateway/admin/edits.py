"""Commands as the edits that carry them out; pure."""

import json
from collections.abc import Mapping
from typing import Final, assert_never

from gateway.admin.commands import AddPartner, Command, ImportPartners, RemovePartner, SetStage
from gateway.admin.directives import ApplyDirective, LiftDirective
from gateway.admin.revocations import LiftRevocation, Revoke
from gateway.store.edit import Edit
from gateway.store.keys import Keys

_WRITES: Final = {
    **dict.fromkeys(("grant.put", "stage.put", "directive.put", "revocation.put"), True),
    **dict.fromkeys(("grant.remove", "directive.remove", "directive.supersede", "revocation.remove"), False),
}


def edits_of(command: Command, keys: Keys) -> tuple[Edit, ...]:  # noqa: PLR0911 (one for each command)
    """Give the edits of one command, its own first; they are made together."""
    match command:
        case AddPartner():
            return (Edit("grant.put", keys.allowlist(command.model), command.organisation, _stored(command.grant)),)
        case RemovePartner():
            return (Edit("grant.remove", keys.allowlist(command.model), command.organisation, None),)
        case ImportPartners():
            return tuple(edit for step in command.steps for edit in edits_of(step, keys))
        case SetStage():
            return (Edit("stage.put", keys.models, command.model, _stored(command.record)),)
        case Revoke():
            return (Edit("revocation.put", keys.revocations, command.key, _stored(command.entry)),)
        case LiftRevocation():
            return (Edit("revocation.remove", keys.revocations, command.key, None),)
        case ApplyDirective():
            replaced = (Edit("directive.supersede", keys.directives, name, None) for name in command.supersedes)
            return (Edit("directive.put", keys.directives, command.id, _stored(command.entry)), *replaced)
        case LiftDirective():
            return (Edit("directive.remove", keys.directives, command.id, None),)
        case _:
            assert_never(command)


def is_a_commands(edit: Edit, keys: Keys) -> bool:
    """Say whether some command makes such an edit: what it calls itself, where it writes, and whether it writes or takes away, agree."""
    if _WRITES.get(edit.what) is not (edit.after is not None):
        return False
    kind = edit.what.partition(".")[0]
    if kind == "grant":
        return keys.model_of(edit.key) is not None
    return edit.key == {"stage": keys.models, "directive": keys.directives, "revocation": keys.revocations}[kind]


def _stored(fields: Mapping[str, object]) -> bytes:
    return json.dumps(dict(fields), ensure_ascii=False, separators=(",", ":")).encode()
