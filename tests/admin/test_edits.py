"""What commands write: every edit of every command is one of theirs, and nothing else is."""

import pytest

from gateway.admin.commands import AddPartner, Command, RemovePartner, SetStage
from gateway.admin.directives import ApplyDirective, LiftDirective
from gateway.admin.edits import edits_of, is_a_commands
from gateway.admin.revocations import LiftRevocation, Revoke
from gateway.policy.vocabulary import Stage
from gateway.store.edit import Edit
from gateway.store.keys import Keys

KEYS = Keys()
COMMANDS: tuple[Command, ...] = (
    *(AddPartner("m", "org_a", {}), RemovePartner("m", "org_a"), SetStage("m", Stage.GENERAL, {"stage": "general"})),
    *(ApplyDirective("d-1", {}, ("d-0",)), LiftDirective("d-1"), Revoke("org:a", {}), LiftRevocation("org:a")),
)


def test_every_edit_of_a_command_is_one_of_theirs() -> None:
    assert all(is_a_commands(edit, KEYS) for command in COMMANDS for edit in edits_of(command, KEYS))


@pytest.mark.parametrize(
    "edit",
    [
        Edit("grant.remove", KEYS.allowlist("m"), "org_a", b"{}"),
        Edit("grant.put", KEYS.allowlist("m"), "org_a", None),
        Edit("grant.put", KEYS.models, "m", b"{}"),
        Edit("directive.put", KEYS.revocations, "d-1", b"{}"),
        Edit("directive.supersede", KEYS.directives, "d-1", b"{}"),
        Edit("stage.remove", KEYS.models, "m", None),
        Edit("stage.put", "other:models", "m", b"{}"),
        Edit("change.propose", KEYS.pending, "x", b"{}"),
        Edit("", KEYS.models, "m", b"{}"),
    ],
)
def test_what_calls_itself_otherwise_than_it_does_is_none(edit: Edit) -> None:
    assert not is_a_commands(edit, KEYS)
