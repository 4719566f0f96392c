"""`gateway partner add|remove|list`: who is on a model's allowlist."""

import argparse
import asyncio
from functools import partial

from gateway.admin.commands import Command, add_partner, known_model, remove_partner
from gateway.admin.inventory import partner_rows
from gateway.admin.organisations import known_organisation
from gateway.cli.changing import Planned, Standing, catalogue_of, change, read_policy
from gateway.cli.options import Given, add_store, optional_settings, required_settings, wall_clock
from gateway.cli.partner_file import add_export, add_import, run_export, run_import
from gateway.cli.tables import show_rows
from gateway.cli.wait import add_wait
from gateway.settings.shape import Settings

COLUMNS = (
    "model",
    "organisation",
    "state",
    "from",
    "until",
    "evaluator",
    "covers_foreign_persons",
    "waive",
    "owners",
    "limits",
    "authority",
    "problem",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `partner` takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|remove|list|import|export")
    _add_arguments(actions.add_parser("add", help="put an organisation on a model's list, replacing what it had", allow_abbrev=False))
    remove = actions.add_parser("remove", help="take it off; its running streams are cut", allow_abbrev=False)
    _name_entry(remove)
    add_import(actions.add_parser("import", help="make the lists as a file says; shows every difference first", allow_abbrev=False))
    add_export(actions.add_parser("export", help="print all lists as such a file", allow_abbrev=False))
    listing = actions.add_parser("list", help="show who is on which list", allow_abbrev=False)
    listing.add_argument("--model", metavar="M", help="only this model")
    add_store(listing)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action."""
    match arguments.action:
        case "import":
            return run_import(arguments)
        case "export":
            return run_export(arguments)
        case "add":
            return change(arguments, partial(_addition, arguments, required_settings(arguments)), "")
        case "remove":
            return change(arguments, _removal(arguments), f"{arguments.org} is off the list of {arguments.model}")
        case _:
            return _list(arguments)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    _name_entry(parser)
    parser.add_argument(
        "--from", dest="valid_from", action=Given, default="", metavar="T", help="holds from (2026-12-31T18:00:00Z, 2026-12-31, +30d)"
    )
    parser.add_argument(
        "--until", dest="valid_until", action=Given, default="", metavar="T", help="holds until, exclusive (the same forms)"
    )
    parser.add_argument("--evaluator", action="store_true", help="also while the model is in evaluation")
    parser.add_argument(
        "--covers-foreign-persons", action="store_true", help="nationality, residence and U.S. person rules do not apply to it"
    )
    parser.add_argument(
        "--waive", action="append", default=[], metavar="hosting|anonymizer", help="an address rule that does not apply to it"
    )
    parser.add_argument(
        "--owner", action="append", default=[], metavar="CODE:PERCENT", help="an ultimate owner of the organisation, such as DE:60"
    )
    parser.add_argument(
        "--limits",
        action=Given,
        default="",
        metavar="requests=N,per=S,burst=N,concurrent=N",
        help="its own share of the model; some of these",
    )
    parser.add_argument("--authority", default="", metavar="REF", help="under whose authority")


def _name_entry(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("org", metavar="ORG", help="organisation; of any issuer but the first: ISSUER/ORG")
    parser.add_argument("--model", required=True, metavar="M", help="model id or alias")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the record of changes")
    add_wait(parser)
    add_store(parser)


def _addition(arguments: argparse.Namespace, settings: Settings, stands: Standing) -> Planned:
    command = add_partner(
        catalogue_of(settings),
        known_organisation(arguments.org, settings.issuers),
        arguments.model,
        stands.now,
        valid_from=arguments.valid_from,
        valid_until=arguments.valid_until,
        evaluator=arguments.evaluator,
        covers_foreign_persons=arguments.covers_foreign_persons,
        waive=tuple(arguments.waive),
        owners=tuple(arguments.owner),
        limits=arguments.limits,
        authority=arguments.authority,
        reason=arguments.reason,
    )
    return Planned(command, f"{arguments.org} is on the list of {arguments.model}")


def _removal(arguments: argparse.Namespace) -> Command:
    settings = optional_settings(arguments)
    catalogue = None if settings is None else catalogue_of(settings)
    return remove_partner(catalogue, arguments.org, arguments.model, reason=arguments.reason)


def _list(arguments: argparse.Namespace) -> int:
    settings = required_settings(arguments)
    model = known_model(catalogue_of(settings), arguments.model).id if arguments.model else None
    snapshot = asyncio.run(read_policy(arguments, settings))
    rows = partner_rows(snapshot, wall_clock().timestamp(), model)
    show_rows(
        rows, COLUMNS, as_json=arguments.json, title=f"Grants at revision {snapshot.revision}", nothing="No organisation is on a list."
    )
    return 0
