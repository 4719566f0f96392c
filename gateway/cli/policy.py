"""What verbs on the policy share: the catalogue of the settings, one reading of the store, one change in it."""

import argparse
import asyncio
import json
from collections.abc import Mapping

from gateway.admin.commands import AddPartner, Command, RemovePartner
from gateway.admin.service import Administration, Change
from gateway.admin.session import open_policy, read_snapshot
from gateway.cli.options import operator, optional_settings, store_section
from gateway.cli.tables import show_json
from gateway.errors import CommandError
from gateway.policy.snapshot import Model, Snapshot
from gateway.settings.provision import build_catalogue, country_groups, expand_for
from gateway.settings.shape import Settings, Store


def catalogue_of(settings: Settings) -> Mapping[str, Model]:
    """Build the catalogue, by id and alias."""
    return build_catalogue(settings, country_groups(settings))


async def read_policy(arguments: argparse.Namespace, settings: Settings) -> Snapshot:
    """Read the store once, as a gate with these settings would."""
    return await read_snapshot(store_section(arguments, settings), catalogue_of(settings), expand_for(settings))


def change(arguments: argparse.Namespace, command: Command, done: str) -> int:
    """Carry out one command and say so: `done` with the revision for people, revision and both values as JSON."""
    made = asyncio.run(_carry_out(store_section(arguments, optional_settings(arguments)), command))
    if isinstance(command, RemovePartner) and made.before is None:
        raise CommandError(
            f"{command.organisation!r} was not on the list of {command.model!r}: see `gateway partner list`. Nothing has changed."
        )
    if arguments.json:
        show_json({"revision": made.revision, "before": shown(made.before), "after": shown(made.after)})
    else:
        replaced = ", replacing what it had" if isinstance(command, AddPartner) and made.before is not None else ""
        print(f"{done}{replaced} (revision {made.revision})")
    return 0


async def _carry_out(store: Store, command: Command) -> Change:
    async with open_policy(store) as policy:
        return await Administration(policy.writer, operator()).carry_out(command)


def shown(stored: bytes | str | None) -> object:
    """Show a stored value as JSON, as text where somebody has typed in something else, as None where there is none."""
    text = stored.decode("utf-8", "backslashreplace") if isinstance(stored, bytes) else stored
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
