"""`gateway revoke token|subject|org|list|lift`: refuse a token, a person or an organisation everywhere, and cut what runs for them."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Final

from gateway.admin.organisations import known_organisation
from gateway.admin.revocations import Revoke, lift_revocation, revocation_rows, revoke_organisation, revoke_subject, revoke_token
from gateway.admin.session import read_snapshot
from gateway.cli.changing import change
from gateway.cli.options import Given, add_store, optional_settings, store_section, wall_clock
from gateway.cli.tables import show_rows
from gateway.cli.wait import add_wait
from gateway.settings.shape import Issuer

COLUMNS: Final = ("key", "kind", "state", "until", "reason", "problem")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `revoke` takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="token|subject|org|list|lift")
    token = actions.add_parser("token", help="one token, by its id", allow_abbrev=False)
    token.add_argument("token", metavar="JTI", help="the token's jti claim")
    token.add_argument("--issuer", action=Given, default="", metavar="NAME", help="only this issuer's (default: of whichever issuer)")
    subject = actions.add_parser("subject", help="one person or service, whatever its token", allow_abbrev=False)
    subject.add_argument("issuer", metavar="ISSUER", help="name or URL of the issuer")
    subject.add_argument("subject", metavar="SUB", help="the subject as the issuer names it")
    organisation = actions.add_parser("org", help="a whole organisation, on every model", allow_abbrev=False)
    organisation.add_argument("org", metavar="ORG", help="organisation; of any issuer but the first: ISSUER/ORG")
    for revoking in (token, subject, organisation):
        revoking.add_argument("--until", action=Given, default="", metavar="T", help="until then, exclusive (default: for good)")
        _add_change(revoking)
    lift = actions.add_parser("lift", help="take a revocation away", allow_abbrev=False)
    lift.add_argument("key", metavar="KEY", help="as `gateway revoke list` shows it")
    _add_change(lift)
    add_store(actions.add_parser("list", help="show what is revoked", allow_abbrev=False))


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action."""
    match arguments.action:
        case "list":
            return _list(arguments)
        case "lift":
            return change(arguments, lift_revocation(arguments.key, reason=arguments.reason), f"{arguments.key} is lifted")
        case _:
            command = _revocation(arguments)
            return change(arguments, command, f"{command.key} is revoked")


def _add_change(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the record of changes")
    add_wait(parser)
    add_store(parser)


def _revocation(arguments: argparse.Namespace) -> Revoke:
    now, until, reason = wall_clock(), arguments.until, arguments.reason
    match arguments.action:
        case "token":
            return revoke_token(arguments.token, _issuers(arguments), now, issuer=arguments.issuer, until=until, reason=reason)
        case "subject":
            return revoke_subject(arguments.issuer, arguments.subject, _issuers(arguments), now, until=until, reason=reason)
        case _:
            return revoke_organisation(known_organisation(arguments.org, _issuers(arguments)), now, until=until, reason=reason)


def _issuers(arguments: argparse.Namespace) -> Sequence[Issuer] | None:
    settings = optional_settings(arguments)
    return None if settings is None else settings.issuers


def _list(arguments: argparse.Namespace) -> int:
    snapshot = asyncio.run(read_snapshot(store_section(arguments, optional_settings(arguments)), {}, frozenset))
    rows = revocation_rows(snapshot, wall_clock().timestamp())
    show_rows(rows, COLUMNS, as_json=arguments.json, title=f"Revocations at revision {snapshot.revision}", nothing="Nothing is revoked.")
    return 0
