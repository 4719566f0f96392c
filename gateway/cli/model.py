"""`gateway model list|stage`: the catalogue, and how widely each model is released."""

import argparse
import asyncio
from datetime import UTC, datetime
from functools import partial

from gateway.admin.commands import known_model
from gateway.admin.instants import write_instant
from gateway.admin.inventory import model_rows
from gateway.admin.releases import record_of
from gateway.admin.signoffs import asks_for_keys
from gateway.admin.stages import known_stage, move_stage, sign_off
from gateway.cli.changing import Planned, Standing, catalogue_of, change, read_policy
from gateway.cli.options import Given, add_store, operator, operator_proof, required_settings, wall_clock
from gateway.cli.tables import show_rows
from gateway.cli.wait import add_wait
from gateway.policy.snapshot import StageRecord
from gateway.policy.stage import in_force
from gateway.policy.vocabulary import Stage
from gateway.settings.release_shape import ReleaseSection
from gateway.settings.shape import Settings

COLUMNS = ("model", "stage", "set_by", "since", "next", "signoffs", "authority", "gated", "hidden", "grants", "aliases", "upstream")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `model` takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|stage|signoff")
    add_store(actions.add_parser("list", help="show the catalogue with its stages", allow_abbrev=False))
    stage = actions.add_parser("stage", help="move a model to a stage", allow_abbrev=False)
    stage.add_argument("model", metavar="M", help="model id or alias")
    stage.add_argument(
        "stage", metavar="|".join(Stage), help="suspended: nobody; evaluation: evaluators; preview: partners; general: anyone with a token"
    )
    stage.add_argument(
        "--from", dest="starts", action=Given, default="", metavar="T", help="from then on (2026-12-08T09:00:00Z), not at once"
    )
    signoff = actions.add_parser("signoff", help="record an agency's sign-off of a widening", allow_abbrev=False)
    signoff.add_argument("model", metavar="M", help="model id or alias")
    signoff.add_argument("--stage", required=True, metavar="S", help="the stage to which the model may be widened")
    signoff.add_argument("--agency", metavar="NAME", help="who signs, as the settings name them; not needed where they name one")
    signoff.add_argument("--authority", required=True, metavar="REF", help="the reference of the sign-off")
    signoff.add_argument("--reason", default="", metavar="TEXT", help="why, for the record of changes")
    add_wait(signoff)
    add_store(signoff)
    stage.add_argument("--authority", default="", metavar="REF", help="under whose authority")
    stage.add_argument("--reason", default="", metavar="TEXT", help="why, for the record of changes")
    add_wait(stage)
    add_store(stage)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action."""
    settings = required_settings(arguments)
    match arguments.action:
        case "stage":
            return change(arguments, partial(_stage, arguments, settings), "")
        case "signoff":
            return change(arguments, partial(_signoff, arguments, settings), "")
        case _:
            return _list(arguments, settings)


def _stage(arguments: argparse.Namespace, settings: Settings, stands: Standing) -> Planned:
    model = known_model(catalogue_of(settings), arguments.model)
    command = move_stage(
        model,
        record_of(model, stands.snapshot),
        known_stage(arguments.stage),
        stands.now,
        settings.stages,
        operators=settings.approvals.operators,
        starts=arguments.starts,
        authority=arguments.authority,
        reason=arguments.reason,
    )
    when = f" from {arguments.starts} on" if arguments.starts else ""
    done = f"{model.id} is at stage {command.stage}{when}{_called_off(record_of(model, stands.snapshot), stands.now)}"
    return Planned(command, done, (stands.unchanged(model.id),))


def _called_off(record: StageRecord, now: datetime) -> str:
    """Say what was scheduled and is not any more: it may have been a tightening."""
    present = in_force(record, now.timestamp())
    if present.next_stage is None:
        return ""
    return f", and no longer {present.next_stage} from {write_instant(datetime.fromtimestamp(present.next_from, UTC))} on"


def _signoff(arguments: argparse.Namespace, settings: Settings, stands: Standing) -> Planned:
    model, stage = known_model(catalogue_of(settings), arguments.model), known_stage(arguments.stage)
    asked = getattr(settings.stages, stage.value, ReleaseSection()).signoffs
    agency = arguments.agency or (asked[0] if len(asked) == 1 else "")
    operators = settings.approvals.operators
    proves = asks_for_keys(operators)
    actor, secret = operator_proof() if proves else (operator(), b"")
    command = sign_off(
        model,
        record_of(model, stands.snapshot),
        stage,
        stands.now,
        settings.stages,
        actor,
        agency=agency,
        authority=arguments.authority,
        operators=operators,
        secret=secret,
        reason=arguments.reason,
    )
    who = f"{actor} (authenticated)" if proves else ""
    return Planned(command, f"{agency} has signed off {model.id} for {stage}", (stands.unchanged(model.id),), who)


def _list(arguments: argparse.Namespace, settings: Settings) -> int:
    snapshot = asyncio.run(read_policy(arguments, settings))
    title = f"Models at revision {snapshot.revision}"
    show_rows(
        model_rows(snapshot, wall_clock().timestamp(), settings.approvals.operators),
        COLUMNS,
        as_json=arguments.json,
        title=title,
        nothing="The catalogue is empty.",
    )
    return 0
