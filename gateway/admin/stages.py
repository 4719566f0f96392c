"""Stages as commands: widening needs the sign-offs that the settings name, tightening needs none; changes can be scheduled. Pure.

Stages widen in the order suspended, evaluation, preview, general. Whoever widens needs the sign-offs of every stage on the way.
A tightening spends the sign-offs of the stages that it takes back: to widen again, the agencies sign again.
"""

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final

from msgspec import structs

from gateway.admin.commands import LONGEST_TEXT, AddPartner, RemovePartner, SetStage
from gateway.admin.instants import read_instant, write_instant
from gateway.admin.inventory import grant_state
from gateway.errors import CommandError
from gateway.policy.snapshot import Grant, Model, SignOff, Snapshot, StageRecord
from gateway.policy.stage import in_force
from gateway.policy.vocabulary import Stage
from gateway.settings.release_shape import ReleaseSection, ReleasesSection

RANK: Final = {stage: rank for rank, stage in enumerate(Stage)}


def known_stage(name: str) -> Stage:
    """Read a stage; raises CommandError with the list."""
    if name not in RANK:
        raise CommandError(f"stage {name!r} is not known. Write one of: {', '.join(Stage)}.")
    return Stage(name)


def record_of(model: Model, snapshot: Snapshot) -> StageRecord:
    """Give the stage record as it stands: that of the store, else what the settings say. One that did not parse is suspended."""
    record = snapshot.stages.get(model.id)
    if record is None:
        return StageRecord(model.stage)
    return StageRecord(Stage.SUSPENDED) if record.invalid else record


def move_stage(
    model: Model,
    current: StageRecord,
    stage: Stage,
    now: datetime,
    releases: ReleasesSection,
    *,
    starts: str = "",
    authority: str = "",
    reason: str = "",
) -> SetStage:
    """Move `model` to `stage`, now or when it `starts`; raises CommandError that names the sign-offs that are missing.

    Whatever was scheduled before is replaced.
    """
    present = in_force(current, now.timestamp())
    missing = _missing(present, stage, releases)
    if missing:
        each = ", ".join(f"{agency} (for {step})" for step, agency in missing)
        raise CommandError(
            f"widening {model.id} from {present.stage} to {stage} needs the sign-offs of {each}. Record each with: "
            f"gateway model signoff {model.id} --stage {missing[0][0]} --agency {missing[0][1]} --authority REF. Nothing has changed."
        )
    if not starts:
        record = StageRecord(stage, write_instant(now), _text(authority), signoffs=_kept(present.signoffs, stage))
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
    reason: str = "",
) -> SetStage:
    """Record that `agency` has signed off the widening of `model` to `stage`; raises CommandError where nobody asks for it."""
    asked = _release(stage, releases).signoffs
    if not asked:
        raise CommandError(f"no sign-off is asked for {stage}. Name the agencies in the settings: stages: {{{stage}: {{signoffs: [...]}}}}")
    if agency not in asked:
        near = get_close_matches(agency, asked, cutoff=0.5) or asked
        raise CommandError(f"--agency {agency!r} is not asked for {stage}. Write one of: {', '.join(near)}.")
    if not authority:
        raise CommandError('a sign-off needs its reference. Write --authority "letter 7 of 3 March"')
    signed = SignOff(agency, stage, _text(authority), actor, write_instant(now))
    others = tuple(one for one in current.signoffs if (one.agency, one.stage) != (agency, stage))
    record = structs.replace(current, signoffs=(*others, signed))
    return SetStage(model.id, current.stage, stored(record), _text(reason))


def stored(record: StageRecord) -> dict[str, Any]:
    """Give the JSON object that the store keeps."""
    said: dict[str, Any] = {"stage": record.stage.value, "since": record.since, "authority": record.authority}
    if record.signoffs:
        said["signoffs"] = [
            {"agency": one.agency, "stage": one.stage.value, "authority": one.authority, "by": one.by, "at": one.at}
            for one in record.signoffs
        ]
    if record.next_stage is not None:
        said["next"] = {"stage": record.next_stage.value, "from": record.next_from, "authority": record.next_authority}
    return {name: value for name, value in said.items() if value != ""}


def check_room(
    model: Model, stage: Stage, grants: Iterable[tuple[str, Grant]], organisation: str, now: float, releases: ReleasesSection
) -> None:
    """Refuse one partner more than the stage takes; whose grant is over does not count, nor does who is replaced."""
    most = _release(stage, releases).partners_at_most
    held = _holding((grant for name, grant in grants if name != organisation), now)
    if most is not None and held >= most:
        raise CommandError(f"{model.id} has {held} partners, and takes at most {most} at {stage}: remove one first. Nothing has changed.")


def _holding(grants: Iterable[Grant], now: float) -> int:
    return sum(grant_state(grant, now) != "expired" for grant in grants)


def check_total(model: str, steps: Iterable[AddPartner | RemovePartner], snapshot: Snapshot, now: float, releases: ReleasesSection) -> None:
    """Refuse several changes together that leave more partners than the stage of the model takes."""
    found = snapshot.catalogue[model]
    stage = in_force(record_of(found, snapshot), now).stage
    most = _release(stage, releases).partners_at_most
    grants = dict(snapshot.grants.get(model, {}))
    before = _holding(grants.values(), now)
    for step in steps:
        if step.model == model:
            grants.pop(step.organisation, None)
            if isinstance(step, AddPartner):
                grants[step.organisation] = Grant()
    held = _holding(grants.values(), now)
    if most is not None and held > max(most, before):
        raise CommandError(f"{model} would have {held} partners, and takes at most {most} at {stage}. Nothing has changed.")


def _missing(present: StageRecord, stage: Stage, releases: ReleasesSection) -> list[tuple[Stage, str]]:
    signed = {(one.stage, one.agency) for one in present.signoffs}
    steps = [step for step in Stage if RANK[present.stage] < RANK[step] <= RANK[stage]]
    return [(step, agency) for step in steps for agency in _release(step, releases).signoffs if (step, agency) not in signed]


def _release(stage: Stage, releases: ReleasesSection) -> ReleaseSection:
    return ReleaseSection() if stage is Stage.SUSPENDED else getattr(releases, stage.value)


def _kept(signoffs: Iterable[SignOff], stage: Stage) -> tuple[SignOff, ...]:
    return tuple(one for one in signoffs if RANK[one.stage] <= RANK[stage])


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise CommandError(f"write at most {LONGEST_TEXT} printable characters on one line.")
    return text
