"""`gateway changes`: who changed what, when and why, who approved it, and what was done by hand; oldest first."""

import argparse
import asyncio
import math
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from gateway.admin.accounting import Judge, Policy, account
from gateway.admin.instants import read_instant
from gateway.admin.session import open_policy
from gateway.admin.widening import entry_widens
from gateway.cli.changing import catalogue_of, shown
from gateway.cli.options import Given, add_store, optional_settings, store_section, wall_clock
from gateway.cli.tables import show_rows
from gateway.settings.approval_shape import Approvals
from gateway.settings.shape import Settings, Store
from gateway.store.reader import ChangeEntry, PolicyReader

Found = tuple[list[ChangeEntry], Policy]

COLUMNS: Final = ("revision", "when", "who", "approved", "what", "key", "field", "why", "before", "after")
LOOKS: Final = 5
"""Times that the record and what is stored are read together, until no change comes in between."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `changes` takes."""
    parser.add_argument(
        "--since", action=Given, default="", metavar="T", help="only from this instant on (2026-12-31T18:00:00Z, 2026-12-31)"
    )
    add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show them."""
    since = read_instant(arguments.since, wall_clock(), "--since").timestamp() if arguments.since else 0.0
    settings = optional_settings(arguments)
    changes, stored = asyncio.run(_read(store_section(arguments, settings)))
    found = account(changes, stored, Approvals()) if settings is None else account(changes, stored, settings.approvals, _judge(settings))
    rows = [_row(change) for change in found if _stamp(change) >= since]
    show_rows(rows, COLUMNS, as_json=arguments.json, title="Changes", nothing="Nothing has been changed.")
    return 0


def _judge(settings: Settings) -> Judge:
    return partial(entry_widens, stages={model.id: model.stage for model in catalogue_of(settings).values()})


async def _read(store: Store) -> Found:
    async with open_policy(store) as policy:
        found, quiet = await _look(policy.reader)
        for _ in range(LOOKS - 1):
            if quiet:
                break
            found, quiet = await _look(policy.reader)
        return found


async def _look(reader: PolicyReader) -> tuple[Found, bool]:
    """Read both, and say whether nothing was changed in between."""
    before = await reader.revision()
    found = (await reader.changes(), await reader.policy())
    return found, await reader.revision() == before


def _stamp(change: Mapping[str, Any]) -> float:
    """Give when it was made, epoch seconds; what nobody has recorded may be of any time."""
    return int(str(change["id"]).partition("-")[0]) / 1e3 if change["id"] is not None else math.inf


def _row(change: Mapping[str, Any]) -> dict[str, Any]:
    return {**change, "before": shown(change.get("before")), "after": shown(change.get("after"))}
