"""What every change must satisfy before it is written, whichever verb asks for it: sign-offs of a wider stage, and places for partners.

Judged are the edits themselves, so that who approves is held to the same as who asked, however much has changed in between. Evaluators
are a class of their own: they take the places of `evaluation`, other partners those of the stage that the model is at, or will be. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from gateway.admin.inventory import grant_state
from gateway.admin.signoffs import counts
from gateway.errors import CommandError
from gateway.policy.snapshot import Grant, Model, SignOff, Snapshot, StageRecord
from gateway.policy.stage import EVALUATION, RANK, in_force
from gateway.policy.vocabulary import Stage
from gateway.settings.approval_shape import OperatorSection
from gateway.settings.release_shape import ReleasesSection, release_of
from gateway.store.codec import decode_grant, decode_stage
from gateway.store.edit import Edit
from gateway.store.keys import Keys
from gateway.store.rules import Expand

_NOBODY: Final[Mapping[str, Grant]] = {}

Grants = Mapping[str, Grant]


def record_of(model: Model, snapshot: Snapshot) -> StageRecord:
    """Give the stage record as it stands: that of the store, else what the settings say. One that did not parse is suspended."""
    record = snapshot.stages.get(model.id)
    if record is None:
        return StageRecord(model.stage)
    return StageRecord(Stage.SUSPENDED) if record.invalid else record


class Terms(Struct, frozen=True):
    """What the settings ask for: `releases`, whose sign-offs count (`operators`), and how country groups are read (`expand`)."""

    releases: ReleasesSection = ReleasesSection()
    operators: tuple[OperatorSection, ...] = ()
    expand: Expand = frozenset


def check_release(edits: Iterable[Edit], snapshot: Snapshot, keys: Keys, now: float, terms: Terms) -> None:
    """Refuse edits that at `now` (epoch seconds) widen a stage unsigned, or put more on a list than it takes: CommandError.

    What narrows passes, even where there are too many already.
    """
    steps = tuple(edits)
    named = dict.fromkeys(edit.field if edit.key == keys.models else keys.model_of(edit.key) for edit in steps)
    for name in named:
        model = snapshot.catalogue.get(name) if name is not None else None
        if model is not None:
            _check(model, [edit for edit in steps if _is_of(edit, model, keys)], snapshot, keys, now, terms)


def demand_signoffs(
    model: Model, present: StageRecord, stage: Stage, releases: ReleasesSection, operators: Sequence[OperatorSection] = ()
) -> None:
    """Refuse to widen `model` from where it is `present` to `stage` unless every stage on the way is signed off.

    Where `operators` have keys, only a sign-off that one of them has signed counts.
    """
    given = [one for one in present.signoffs if counts(model.id, one, operators)]
    missing = _missing(present.stage, given, stage, releases)
    if missing:
        each = ", ".join(f"{agency} (for {step})" for step, agency in missing)
        if any((one.stage, one.agency) in missing for one in present.signoffs):
            each += "; what is recorded of them is not signed by an operator of the settings"
        raise CommandError(
            f"widening {model.id} from {present.stage} to {stage} needs the sign-offs of {each}. Record each with: "
            f"gateway model signoff {model.id} --stage {missing[0][0]} --agency {missing[0][1]} --authority REF. Nothing has changed."
        )


def _check(model: Model, edits: list[Edit], snapshot: Snapshot, keys: Keys, now: float, terms: Terms) -> None:
    before, after = record_of(model, snapshot), record_of(model, snapshot)
    old = snapshot.grants.get(model.id, _NOBODY)
    new = dict(old)
    for edit in edits:
        if edit.key == keys.models:
            after = StageRecord(model.stage) if edit.after is None else decode_stage(edit.after)[0]
        elif edit.after is None:
            new.pop(edit.field, None)
        else:
            new[edit.field] = decode_grant(edit.after, terms.expand)[0]
    present = in_force(before, now)
    reached = set(_reached(before, after, now))
    for stage in reached:
        demand_signoffs(model, present, stage, terms.releases, terms.operators)
    stands = {EVALUATION, in_force(after, now).stage, after.next_stage or EVALUATION}
    for stage in stands:
        _count(model, stage, old, new, now, terms.releases, widened=stage in reached and RANK[stage] > RANK[present.stage])


def _is_of(edit: Edit, model: Model, keys: Keys) -> bool:
    return (edit.field if edit.key == keys.models else keys.model_of(edit.key)) == model.id


def _reached(before: StageRecord, after: StageRecord, now: float) -> Iterator[Stage]:
    """Give the stages that the new record leads to and the old one did not."""
    if in_force(after, now).stage is not in_force(before, now).stage:
        yield in_force(after, now).stage
    if after.next_stage is not None and (after.next_stage, after.next_from) != (before.next_stage, before.next_from):
        yield after.next_stage


def _count(model: Model, stage: Stage, old: Grants, new: Grants, now: float, releases: ReleasesSection, *, widened: bool) -> None:
    most = release_of(stage, releases).partners_at_most
    held = _holding(new, stage, now)
    if most is not None and held > most and (widened or held > _holding(old, stage, now)):
        who = "evaluators" if stage is EVALUATION else "partners"
        raise CommandError(
            f"{model.id} would have {held} {who}, and takes at most {most} at {stage}: remove one first. Nothing has changed."
        )


def _holding(grants: Grants, stage: Stage, now: float) -> int:
    """Count who takes a place at `stage`; whose grant is over does not."""
    return sum(grant.evaluator is (stage is EVALUATION) and grant_state(grant, now) != "expired" for grant in grants.values())


def _missing(present: Stage, given: Iterable[SignOff], stage: Stage, releases: ReleasesSection) -> list[tuple[Stage, str]]:
    signed = {(one.stage, one.agency) for one in given}
    steps = [step for step in Stage if RANK[present] < RANK[step] <= RANK[stage]]
    return [(step, agency) for step in steps for agency in release_of(step, releases).signoffs if (step, agency) not in signed]
