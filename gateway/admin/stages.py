"""Stages as commands: widening needs the sign-offs that the settings name, tightening needs none; changes can be scheduled. Pure.

Stages widen in the order suspended, evaluation, preview, general. Whoever widens needs the sign-offs of every stage on the way.
A tightening spends the sign-offs of the stages that it takes back: to widen again, the agencies sign again.
"""

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from msgspec import structs

from gateway.admin.commands import LONGEST_TEXT, SetStage
from gateway.admin.instants import read_instant, write_instant
from gateway.admin.releases import demand_signoffs
from gateway.admin.signoffs import asks_for_keys, signed
from gateway.errors import CommandError
from gateway.policy.snapshot import Model, SignOff, StageRecord
from gateway.policy.stage import RANK, in_force, kept
from gateway.policy.vocabulary import Stage
from gateway.settings.approval_shape import OperatorSection
from gateway.settings.release_shape import ReleasesSection, release_of


def known_stage(name: str) -> Stage:
    """Read a stage; raises CommandError with the list."""
    if name not in RANK:
        raise CommandError(f"stage {name!r} is not known. Write one of: {', '.join(Stage)}.")
    return Stage(name)


def move_stage(
    model: Model,
    current: StageRecord,
    stage: Stage,
    now: datetime,
    releases: ReleasesSection,
    *,
    operators: Sequence[OperatorSection] = (),
    starts: str = "",
    authority: str = "",
    reason: str = "",
) -> SetStage:
    """Move `model` to `stage`, now or when it `starts`; raises CommandError that names the sign-offs that are missing.

    Whatever was scheduled before is replaced. `operators`: whose sign-offs count.
    """
    present = in_force(current, now.timestamp())
    demand_signoffs(model, present, stage, releases, operators)
    if not starts:
        record = StageRecord(stage, write_instant(now), _text(authority), signoffs=kept(present, stage))
        return SetStage(model.id, stage, stored(record), _text(reason))
    start = read_instant(starts, now, "--from")
    if start <= now:
        raise CommandError(f"--from {write_instant(start)} is not in the future. Leave it out to move the stage now.")
    record = structs.replace(present, next_stage=stage, next_from=start.timestamp(), next_authority=_text(authority))
    return SetStage(model.id, stage, stored(record), _text(reason))


def sign_off(
    model: Model,
    current: StageRecord,
    stage: Stage,
    now: datetime,
    releases: ReleasesSection,
    actor: str,
    *,
    agency: str,
    authority: str,
    operators: Sequence[OperatorSection] = (),
    secret: bytes = b"",
    reason: str = "",
) -> SetStage:
    """Record that `agency` has signed off the widening of `model` to `stage`; raises CommandError where nobody asks for it.

    Where `operators` have keys, the actor is one of them, and signs with `secret`.
    """
    asked = release_of(stage, releases).signoffs
    if not asked:
        raise CommandError(f"no sign-off is asked for {stage}. Name the agencies in the settings: stages: {{{stage}: {{signoffs: [...]}}}}")
    if not agency:
        raise CommandError(f"which agency signs? Write --agency with one of: {', '.join(asked)}.")
    if agency not in asked:
        near = get_close_matches(agency, asked, cutoff=0.5) or asked
        raise CommandError(f"--agency {agency!r} is not asked for {stage}. Write one of: {', '.join(near)}.")
    if not authority:
        raise CommandError('a sign-off needs its reference. Write --authority "letter 7 of 3 March"')
    present = in_force(current, now.timestamp())
    given = SignOff(agency, stage, _text(authority), actor, write_instant(now))
    given = signed(model.id, given, operators, secret) if asks_for_keys(operators) else given
    others = tuple(one for one in present.signoffs if (one.agency, one.stage) != (agency, stage))
    record = structs.replace(present, signoffs=(*others, given))
    return SetStage(model.id, present.stage, stored(record), _text(reason))


def stored(record: StageRecord) -> dict[str, Any]:
    """Give the JSON object that the store keeps."""
    said: dict[str, Any] = {"stage": record.stage.value, "since": record.since, "authority": record.authority}
    if record.signoffs:
        said["signoffs"] = [
            {name: said for name, said in (structs.asdict(one) | {"stage": one.stage.value}).items() if said or name != "proof"}
            for one in record.signoffs
        ]
    if record.next_stage is not None:
        said["next"] = {"stage": record.next_stage.value, "from": record.next_from, "authority": record.next_authority}
    return {name: value for name, value in said.items() if value != ""}


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise CommandError(f"write at most {LONGEST_TEXT} printable characters on one line.")
    return text
