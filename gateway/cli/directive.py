"""`gateway directive apply|lift|list|impact`: dated orders that suspend or restrict models."""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import structs

from gateway.admin.directive_document import ReadDirective, read_directive
from gateway.admin.directives import ApplyDirective, directive_rows, lift_directive
from gateway.admin.impact import impact_rows, reported, totals, unbound_notes
from gateway.admin.session import open_policy
from gateway.admin.succession import demand_no_gap, replacing_notes
from gateway.cli.changing import Planned, Standing, catalogue_of, change, read_policy
from gateway.cli.options import add_store, required_settings, store_section, wall_clock
from gateway.cli.tables import show_facts, show_json, show_rows
from gateway.cli.wait import add_wait
from gateway.errors import CommandError
from gateway.policy.directive import Directive
from gateway.policy.snapshot import Snapshot
from gateway.settings.advice import rule_advice
from gateway.settings.document import read_text
from gateway.settings.provision import country_groups, expand_for
from gateway.settings.shape import RestrictionsSection, Settings

COLUMNS: Final = ("id", "state", "mode", "effect", "models", "from", "until", "except_organisations", "authority", "legal_basis", "problem")
IMPACT: Final = ("model", "organisation", "grant", "effect", "streams", "cut")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `directive` takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="apply|lift|list|impact")
    apply = actions.add_parser("apply", help="put the directive of a file in force, replacing the one with its id", allow_abbrev=False)
    apply.add_argument("file", metavar="FILE", help="the order as YAML")
    apply.add_argument("--mode", choices=("enforce", "monitor"), help="monitor: refuse nobody, only count (default: as the file says)")
    lift = actions.add_parser("lift", help="take a directive away", allow_abbrev=False)
    lift.add_argument("id", metavar="ID", help="as `gateway directive list` shows it")
    for changing in (apply, lift):
        changing.add_argument("--reason", default="", metavar="TEXT", help="why, for the record of changes")
        add_wait(changing)
        add_store(changing)
    add_store(actions.add_parser("list", help="show all directives", allow_abbrev=False))
    impact = actions.add_parser("impact", help="count whom it touches, by model and organisation", allow_abbrev=False)
    impact.add_argument("directive", metavar="ID|FILE", help="a stored directive, or the file of one that is not applied yet")
    add_store(impact)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action."""
    match arguments.action:
        case "apply":
            return _apply(arguments)
        case "lift":
            return change(arguments, lift_directive(arguments.id, reason=arguments.reason), f"{arguments.id} is lifted")
        case "list":
            return _list(arguments)
        case _:
            return _impact(arguments)


def _apply(arguments: argparse.Namespace) -> int:
    settings = required_settings(arguments)
    found = _read(Path(arguments.file), settings)
    entry: dict[str, Any] = dict(found.entry)
    if arguments.mode:
        entry.pop("mode", None)
        entry |= {"mode": "monitor"} if arguments.mode == "monitor" else {}
    directive = structs.replace(found.directive, enforce=entry.get("mode") != "monitor")
    done = f"{found.id} is applied" if directive.enforce else f"{found.id} is applied, to be counted only"
    noted: set[str] = set()

    def plan(stands: Standing) -> Planned:
        stored = {one.id: one for one in stands.snapshot.directives}
        demand_no_gap(directive, found.supersedes, stored, stands.now.timestamp())
        for note in _notes(directive, found.supersedes, entry, settings, stands):
            if note not in noted:
                print(f"note: {note}", file=sys.stderr)
                noted.add(note)
        return Planned(ApplyDirective(found.id, entry, found.supersedes, arguments.reason), done)

    return change(arguments, plan, "")


def _notes(
    directive: Directive, supersedes: Sequence[str], entry: Mapping[str, Any], settings: Settings, stands: Standing
) -> Iterator[str]:
    """Say what an operator may not expect of this order."""
    stored = {one.id: one for one in stands.snapshot.directives}
    yield from replacing_notes(directive, supersedes, stored, stands.snapshot.catalogue.values())
    yield from unbound_notes(directive, stands.snapshot, stands.now.timestamp())
    rule = msgspec.convert(entry.get("rule") or {}, RestrictionsSection)
    yield from rule_advice(rule, settings, country_groups(settings), stands.now.date())


def _read(file: Path, settings: Settings) -> ReadDirective:
    return read_directive(read_text(file), str(file), catalogue_of(settings), expand_for(settings), wall_clock(), settings.issuers)


def _list(arguments: argparse.Namespace) -> int:
    snapshot = asyncio.run(read_policy(arguments, required_settings(arguments)))
    rows = directive_rows(snapshot, wall_clock().timestamp())
    show_rows(rows, COLUMNS, as_json=arguments.json, title=f"Directives at revision {snapshot.revision}", nothing="No directive is stored.")
    return 0


def _impact(arguments: argparse.Namespace) -> int:
    settings = required_settings(arguments)
    snapshot = asyncio.run(read_policy(arguments, settings))
    directive = _named(arguments.directive, settings, snapshot)
    rows = impact_rows(directive, snapshot, asyncio.run(_reports(arguments, settings)), wall_clock().timestamp())
    if arguments.json:
        show_json({"directive": directive.id, "totals": totals(rows), "rows": rows})
        return 0
    show_rows(rows, IMPACT, as_json=False, title=f"Whom {directive.id} touches", nothing="It touches no organisation that is known here.")
    print()
    show_facts(totals(rows), as_json=False)
    return 0


def _named(name: str, settings: Settings, snapshot: Snapshot) -> Directive:
    stored = next((directive for directive in snapshot.directives if directive.id == name), None)
    if stored is not None:
        return stored
    if not Path(name).is_file():
        known = ", ".join(directive.id for directive in snapshot.directives) or "none is stored"
        raise CommandError(f"{name!r} is neither a stored directive nor a file. Known: {known}.")
    return structs.replace(_read(Path(name), settings).directive, enforce=True)


async def _reports(arguments: argparse.Namespace, settings: Settings) -> list[Any]:
    async with open_policy(store_section(arguments, settings)) as policy:
        return list(reported(await policy.reader.replicas()))
