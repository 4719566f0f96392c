"""The stage of a model: who says so, whether it is suspended, and whether it demands a grant."""

import math
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from gateway.policy.check import Check, Source
from gateway.policy.restrictions import FAIL, PASS
from gateway.policy.snapshot import Model, SignOff, Snapshot, StageRecord
from gateway.policy.vocabulary import Reason, Stage

SUSPENDED: Final = Stage.SUSPENDED
EVALUATION: Final = Stage.EVALUATION
PREVIEW: Final = Stage.PREVIEW
GENERAL: Final = Stage.GENERAL

RANK: Final = {stage: rank for rank, stage in enumerate(Stage)}
"""How wide each stage is: one of a higher rank admits whatever one of a lower rank admits."""

_BY_CATALOGUE: Final = {stage: f"stage:{stage}" for stage in Stage}


def stage_of(model: Model, snapshot: Snapshot, wall: float = -math.inf) -> tuple[Stage, Source]:
    """Give the stage in force at `wall` (epoch seconds) and who says so: the store, else the catalogue. One that did not parse suspends."""
    record = snapshot.stages.get(model.id)
    if record is None:
        return model.stage, _BY_CATALOGUE[model.stage]
    if record.invalid:
        return SUSPENDED, record
    record = in_force(record, wall)
    return record.stage, record


def in_force(record: StageRecord, wall: float) -> StageRecord:
    """Give the record as it is at `wall` (epoch seconds): what was scheduled for then has come."""
    return record if record.next_stage is None or wall < record.next_from else _come(record, record.next_stage)


@lru_cache(maxsize=1024)
def _come(record: StageRecord, stage: Stage) -> StageRecord:
    """Give the record once its schedule has come. A tightening has spent the sign-offs of what it took back, as one by command has."""
    since = datetime.fromtimestamp(record.next_from, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return StageRecord(stage, since, record.next_authority, signoffs=kept(record, stage))


def kept(record: StageRecord, stage: Stage) -> tuple[SignOff, ...]:
    """Give the sign-offs that a model still has once it is moved to `stage`: tightening alone spends those of wider stages."""
    if RANK[stage] >= RANK[record.stage]:
        return record.signoffs
    return tuple(one for one in record.signoffs if RANK[one.stage] <= RANK[stage])


def check_stage(stage: Stage, source: Source) -> Check:
    """Refuse a suspended model."""
    return Check(source, FAIL, Reason.MODEL_SUSPENDED) if stage is SUSPENDED else Check(source, PASS)


def demands_grant(stage: Stage) -> bool:
    """Say whether only grants admit: any in preview, evaluators' in evaluation. Nothing is demanded where nobody is admitted."""
    return stage is PREVIEW or stage is EVALUATION
