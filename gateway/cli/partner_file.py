"""`gateway partner import|export`: allowlists as a file, with every difference shown before anything changes."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

from gateway.admin.commands import AddPartner, RemovePartner
from gateway.admin.partner_file import Stored, compare, read_partners, write_partners
from gateway.admin.session import PolicySession, open_policy
from gateway.cli.changing import Planned, Standing, catalogue_of, change
from gateway.cli.options import add_store, required_settings, store_section, wall_clock
from gateway.cli.tables import show_json, show_rows
from gateway.cli.wait import add_wait
from gateway.errors import CommandError
from gateway.settings.document import read_text
from gateway.settings.provision import expand_for
from gateway.settings.shape import Settings
from gateway.store.edit import Condition
from gateway.store.keys import Keys

DIFFERENCE: Final = ("what", "model", "organisation", "before", "after")


def add_import(parser: argparse.ArgumentParser) -> None:
    """Declare what `partner import` takes."""
    parser.add_argument("file", metavar="FILE", help="YAML, or CSV if its name ends in .csv")
    parser.add_argument("--dry-run", action="store_true", help="show the difference, change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask before the change")
    parser.add_argument("--prune", action="store_true", help="take whoever is not in the file off the lists of the models in it")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the record of changes")
    add_wait(parser)
    add_store(parser)


def add_export(parser: argparse.ArgumentParser) -> None:
    """Declare what `partner export` takes."""
    parser.add_argument("--csv", action="store_true", help="CSV, not YAML")
    add_store(parser)


def run_import(arguments: argparse.Namespace) -> int:
    """Show the difference, ask, and make it in one step."""
    settings = required_settings(arguments)
    file = Path(arguments.file)
    wanted = read_partners(read_text(file), str(file), catalogue_of(settings), settings.issuers, expand_for(settings), wall_clock())
    stored = asyncio.run(_stored(arguments, settings, {command.model for command in wanted}))
    command, rows = compare(wanted, stored, prune=arguments.prune, reason=arguments.reason)
    if not arguments.json or arguments.dry_run:
        show_rows(rows, DIFFERENCE, as_json=arguments.json, title="What would change", nothing="Nothing would change.")
    if arguments.dry_run or not rows:
        return 0
    _confirm(arguments)

    def plan(stands: Standing) -> Planned:
        return Planned(command, f"{len(rows)} entries are changed", tuple(_condition(step, stored, stands.keys) for step in command.steps))

    return change(arguments, plan, "")


def run_export(arguments: argparse.Namespace) -> int:
    """Print all allowlists."""
    settings = required_settings(arguments)
    stored = asyncio.run(_stored(arguments, settings, None))
    if arguments.json:
        show_json(stored)
    else:
        sys.stdout.write(write_partners(stored, as_csv=arguments.csv))
    return 0


async def _stored(arguments: argparse.Namespace, settings: Settings, models: set[str] | None) -> Stored:
    async with open_policy(store_section(arguments, settings)) as policy:
        return await _lists(policy, models)


async def _lists(policy: PolicySession, models: set[str] | None) -> Stored:
    names = await policy.reader.allowlisted_models() if models is None else sorted(models)
    return {name: await policy.reader.allowlist(name) for name in names}


def _condition(step: AddPartner | RemovePartner, stored: Stored, keys: Keys) -> Condition:
    """Demand that each entry still is as it was shown."""
    before = stored.get(step.model, {}).get(step.organisation)
    return Condition(keys.allowlist(step.model), step.organisation, None if before is None else before.encode())


def _confirm(arguments: argparse.Namespace) -> None:
    if arguments.yes:
        return
    if arguments.json:
        raise CommandError("--json shows no difference before the change: look with --dry-run, then write --yes. Nothing has changed.")
    if not sys.stdin.isatty():
        raise CommandError("nobody is there to say yes: write --yes, or --dry-run to see the difference only. Nothing has changed.")
    if input("Make these changes? Write yes: ") != "yes":
        raise CommandError("not confirmed. Nothing has changed.")
