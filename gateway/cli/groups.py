"""`gateway groups list|explain`: the country groups that rules may name, what is in them and why, and which of them are doubtful."""

import argparse
import sys
from pathlib import Path

from gateway.admin.country_book import Row, Users, explain, group_rows, warnings_of
from gateway.cli.options import add_config, add_json, required_settings, wall_clock
from gateway.cli.tables import show_facts, show_json, show_rows
from gateway.errors import SettingsError
from gateway.policy.gazetteer import Gazetteer
from gateway.settings.advice import groups_in_use
from gateway.settings.provision import country_groups, read_country_groups

LISTED = ("group", "codes", "as_of", "review_by", "state", "confidence", "status", "used_by", "title")
CONTENTS = ("code", "country", "because")
HOLDERS = ("group", "because", "review_by", "state", "confidence", "used_by", "title")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `groups` takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|explain")
    listing = actions.add_parser("list", help="show every group with its age", allow_abbrev=False)
    single = actions.add_parser("explain", help="tell what is in a group and why, or in which groups a code is", allow_abbrev=False)
    single.add_argument("word", metavar="NAME|CODE", help="a group, or a code such as HK or UA-43")
    for action in (listing, single):
        action.add_argument("--file", metavar="FILE", help="a file of country groups (default: the one that the settings name)")
        add_config(action)
        add_json(action)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action."""
    groups, users = _groups(arguments)
    today = wall_clock().date()
    if arguments.action == "list":
        rows = group_rows(groups, users, today)
        show_rows(rows, LISTED, as_json=arguments.json, title="Country groups", nothing="The file names no group.")
        doubts = [text for name, group in groups.items() if name in users for text in warnings_of(name, group, today)]
    else:
        told = explain(arguments.word, groups, users, today)
        doubts = told["warnings"]
        _show(told, as_json=arguments.json)
    for text in () if arguments.json else doubts:
        print(f"warning: {text}", file=sys.stderr)
    return 0


def _show(told: Row, *, as_json: bool) -> None:
    if as_json:
        show_json(told)
        return
    show_facts({name: value for name, value in told.items() if name not in ("contents", "groups", "warnings")}, as_json=False)
    if "contents" in told:
        show_rows(told["contents"], CONTENTS, as_json=False, title="\nCodes", nothing="")
    else:
        show_rows(told["groups"], HOLDERS, as_json=False, title="\nGroups that hold it", nothing="\nNo group holds it.")


def _groups(arguments: argparse.Namespace) -> tuple[Gazetteer, Users]:
    """Read the groups, and who relies on which where the settings are those that name the file."""
    if arguments.file:
        return read_country_groups(Path(arguments.file)), {}
    settings = required_settings(arguments)
    if not settings.country_groups:
        raise SettingsError("the settings name no file of country groups. Write: country_groups: country_groups.yaml, or give --file FILE")
    groups = country_groups(settings)
    return groups, groups_in_use(settings, groups)
