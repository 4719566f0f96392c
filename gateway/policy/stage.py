"""The stage of a model: who says so, whether it is suspended, and whether it demands a grant."""

from typing import Final

from gateway.policy.check import Check, Source
from gateway.policy.restrictions import FAIL, PASS
from gateway.policy.snapshot import Model, Snapshot
from gateway.policy.vocabulary import Reason, Stage

SUSPENDED: Final = Stage.SUSPENDED
EVALUATION: Final = Stage.EVALUATION
PREVIEW: Final = Stage.PREVIEW
GENERAL: Final = Stage.GENERAL

_BY_CATALOGUE: Final = {stage: f"stage:{stage}" for stage in Stage}


def stage_of(model: Model, snapshot: Snapshot) -> tuple[Stage, Source]:
    """Give the stage in force and who says so: the store, else the catalogue. An entry that did not parse suspends."""
    record = snapshot.stages.get(model.id)
    if record is None:
        return model.stage, _BY_CATALOGUE[model.stage]
    return SUSPENDED if record.invalid else record.stage, record


def check_stage(stage: Stage, source: Source) -> Check:
    """Refuse a suspended model."""
    return Check(source, FAIL, Reason.MODEL_SUSPENDED) if stage is SUSPENDED else Check(source, PASS)


def demands_grant(stage: Stage) -> bool:
    """Say whether only grants admit: any in preview, evaluators' in evaluation. Nothing is demanded where nobody is admitted."""
    return stage is PREVIEW or stage is EVALUATION
