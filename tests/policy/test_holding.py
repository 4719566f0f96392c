"""What outlasts a permission is not begun."""

import pytest

from gateway.policy.holding import outlasts
from gateway.policy.snapshot import Model, Snapshot, StageRecord
from gateway.policy.vocabulary import Stage


@pytest.mark.parametrize(
    ("gated", "stage", "stored", "expected"),
    [
        (False, Stage.GENERAL, None, False),
        (True, Stage.GENERAL, None, True),
        (False, Stage.PREVIEW, None, True),
        (False, Stage.GENERAL, Stage.PREVIEW, True),
        (False, Stage.GENERAL, Stage.SUSPENDED, True),
        (False, Stage.PREVIEW, Stage.GENERAL, False),
    ],
)
def test_only_what_is_open_to_all_cannot_outlast(gated: bool, stage: Stage, stored: Stage | None, expected: bool) -> None:
    model = Model("m", "api", gated=gated, stage=stage)
    snapshot = Snapshot(catalogue={"m": model, "alias": model}, stages={"m": StageRecord(stored)} if stored else {})
    assert outlasts("m", snapshot, 0.0) is expected
    assert outlasts("alias", snapshot, 0.0) is expected


def test_an_unknown_model_is_no_exception() -> None:
    assert outlasts("m", Snapshot(), 0.0)
