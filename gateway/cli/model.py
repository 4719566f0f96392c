"""`gateway model list|stage`: the catalogue, and how widely each model is released."""

import argparse
import asyncio

from gateway.admin.commands import set_stage
from gateway.admin.inventory import model_rows
from gateway.cli.options import add_store, required_settings, wall_clock
from gateway.cli.policy import catalogue_of, change, read_policy
from gateway.cli.tables import show_rows
from gateway.cli.wait import add_wait
from gateway.policy.vocabulary import Stage

COLUMNS = ("model", "stage", "set_by", "since", "authority", "gated", "hidden", "grants", "aliases", "upstream")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `model` takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|stage")
    add_store(actions.add_parser("list", help="show the catalogue with its stages", allow_abbrev=False))
    stage = actions.add_parser("stage", help="move a model to a stage", allow_abbrev=False)
    stage.add_argument("model", metavar="M", help="model id or alias")
    stage.add_argument(
        "stage", metavar="|".join(Stage), help="suspended: nobody; evaluation: evaluators; preview: partners; general: anyone with a token"
    )
    stage.add_argument("--authority", default="", metavar="REF", help="under whose authority")
    stage.add_argument("--reason", default="", metavar="TEXT", help="why, for the record of changes")
    add_wait(stage)
    add_store(stage)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action."""
    settings = required_settings(arguments)
    if arguments.action == "stage":
        command = set_stage(
            catalogue_of(settings), arguments.model, arguments.stage, wall_clock(), authority=arguments.authority, reason=arguments.reason
        )
        return change(arguments, command, f"{command.model} is at stage {command.stage}")
    snapshot = asyncio.run(read_policy(arguments, settings))
    title = f"Models at revision {snapshot.revision}"
    show_rows(model_rows(snapshot), COLUMNS, as_json=arguments.json, title=title, nothing="The catalogue is empty.")
    return 0
