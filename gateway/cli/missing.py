"""What a command takes away, or replaces, and whether it is there."""

from gateway.admin.commands import AddPartner, Command, RemovePartner
from gateway.admin.directives import ApplyDirective, LiftDirective
from gateway.admin.revocations import LiftRevocation, Revoke
from gateway.admin.service import Change
from gateway.errors import CommandError
from gateway.policy.snapshot import Snapshot


def holds(command: Command, snapshot: Snapshot) -> bool:
    """Say whether what a command takes away is there, so that nobody is asked to approve nothing."""
    match command:
        case RemovePartner():
            return command.organisation in snapshot.grants.get(command.model, {})
        case LiftDirective():
            return any(directive.id == command.id for directive in snapshot.directives)
        case LiftRevocation():
            return command.key in snapshot.revocations
        case _:
            return True


def refuse_missing(command: Command, there: bool) -> None:
    """Refuse to take away what is not there: most often a misspelt name. CommandError says where to look."""
    if there:
        return
    if isinstance(command, RemovePartner):
        raise CommandError(
            f"{command.organisation!r} was not on the list of {command.model!r}: see `gateway partner list`. Nothing has changed."
        )
    if isinstance(command, LiftDirective):
        raise CommandError(f"{command.id!r} is not applied: see `gateway directive list`. Nothing has changed.")
    if isinstance(command, LiftRevocation):
        raise CommandError(f"{command.key!r} is not revoked: see `gateway revoke list`. Nothing has changed.")


def replacing(command: Command, made: Change) -> str:
    """Say that something was there before; empty where nothing was, or where that goes without saying."""
    return ", replacing what it had" if isinstance(command, AddPartner | Revoke | ApplyDirective) and made.before is not None else ""
