"""`gateway approve [CHANGE] [--withdraw]`: let a change of another operator pass, or take it away; without one, show what waits."""

import argparse
import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Final

from gateway.admin.approval import approve
from gateway.admin.pending import pending_rows
from gateway.admin.releases import check_release
from gateway.admin.roster import demand_terms
from gateway.admin.session import open_policy
from gateway.cli.changing import ATTEMPTS, read_policy, tell, terms_of
from gateway.cli.options import add_store, operator, operator_proof, required_settings, store_section
from gateway.cli.tables import show_rows
from gateway.cli.wait import add_wait
from gateway.errors import CommandError, OvertakenError
from gateway.settings.provision import expand_for
from gateway.settings.shape import Settings
from gateway.settings.terms import terms_name
from gateway.store.edit import Edit

COLUMNS: Final = ("change", "state", "who", "why", "until", "steps", "problem")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `approve` takes."""
    parser.add_argument("change", metavar="CHANGE", nargs="?", help="the name of a change that waits")
    parser.add_argument("--withdraw", action="store_true", help="take it away, so that nobody approves it; anybody may")
    add_wait(parser)
    add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Approve, withdraw, or list."""
    settings = required_settings(arguments)
    if arguments.withdraw:
        return asyncio.run(_withdraw(arguments, settings))
    if arguments.change:
        return asyncio.run(_approve(arguments, settings))
    rows = asyncio.run(_rows(arguments, settings))
    show_rows(rows, COLUMNS, as_json=arguments.json, title="Changes that wait for a second operator", nothing="Nothing waits.")
    return 0


async def _rows(arguments: argparse.Namespace, settings: Settings) -> list[dict[str, Any]]:
    async with open_policy(store_section(arguments, settings)) as policy:
        return pending_rows(dict(await policy.reader.pending()), await policy.reader.now(), settings.approvals.valid_for)


async def _withdraw(arguments: argparse.Namespace, settings: Settings) -> int:
    """Whatever stands there under that name goes, readable or not: what never happens permits nothing."""
    if not arguments.change:
        raise CommandError("--withdraw takes the name of a change, as `gateway approve` shows it.")
    async with open_policy(store_section(arguments, settings)) as policy:
        edit = Edit("change.withdraw", policy.keys.pending, arguments.change, None)
        (made,) = await policy.writer.carry_out((edit,), operator())
        if made.before is None:
            raise CommandError(f"no change {arguments.change!r} waits: see `gateway approve`.")
        return await tell(arguments, policy, made, f"{arguments.change} is withdrawn")


async def _approve(arguments: argparse.Namespace, settings: Settings) -> int:
    name, secret = operator_proof()
    async with open_policy(store_section(arguments, settings), expand_for(settings)) as policy:

        async def judge(edits: Sequence[Edit]) -> int:
            snapshot, now = await read_policy(arguments, settings), await policy.reader.now()
            demand_terms(await policy.reader.replicas(), now, terms_name(settings))
            check_release(edits, snapshot, policy.keys, now, terms_of(settings))
            return snapshot.revision

        for _ in range(ATTEMPTS):
            with contextlib.suppress(OvertakenError):
                made, *_ = await approve(policy, settings.approvals, arguments.change, name, secret, judge)
                return await tell(arguments, policy, made, f"{arguments.change} is approved and made")
    raise CommandError(f"others changed the policy first, {ATTEMPTS} times: try again. Nothing has changed.")
