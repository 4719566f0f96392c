"""`gateway changes`: who changed what, when and why, oldest first."""

import argparse
import asyncio
from collections.abc import Mapping
from typing import Any, Final

from gateway.admin.instants import read_instant
from gateway.admin.session import open_policy
from gateway.cli.changing import shown
from gateway.cli.options import add_store, optional_settings, store_section, wall_clock
from gateway.cli.tables import show_rows
from gateway.settings.shape import Store

COLUMNS: Final = ("revision", "when", "who", "what", "key", "field", "why", "before", "after")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `changes` takes."""
    parser.add_argument("--since", default="", metavar="T", help="only from this instant on (2026-12-31T18:00:00Z, 2026-12-31)")
    add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show them."""
    since = read_instant(arguments.since, wall_clock(), "--since").timestamp() if arguments.since else 0.0
    rows = asyncio.run(_rows(store_section(arguments, optional_settings(arguments)), since))
    show_rows(rows, COLUMNS, as_json=arguments.json, title="Changes", nothing="No change has been made with the tools.")
    return 0


async def _rows(store: Store, since: float) -> list[dict[str, Any]]:
    async with open_policy(store) as policy:
        return [_row(change) for change in await policy.reader.changes(since)]


def _row(change: Mapping[str, Any]) -> dict[str, Any]:
    return {**change, "before": shown(change.get("before")), "after": shown(change.get("after"))}
