"""The four stages, and who says which one is in force."""

import pytest
from policy.world import OPEN, ask, frontier, policy, refused, why

from gateway.policy.snapshot import Grant, StageRecord
from gateway.policy.stage import demands_grant, stage_of
from gateway.policy.vocabulary import Reason, Stage

STRANGER, PARTNER, EVALUATOR = None, Grant(), Grant(evaluator=True)


@pytest.mark.parametrize(
    ("stage", "admitted", "reason"),
    [
        (Stage.SUSPENDED, [], Reason.MODEL_SUSPENDED),
        (Stage.EVALUATION, [EVALUATOR], Reason.ORG_NOT_APPROVED),
        (Stage.PREVIEW, [PARTNER, EVALUATOR], Reason.ORG_NOT_APPROVED),
        (Stage.GENERAL, [STRANGER, PARTNER, EVALUATOR], None),
    ],
)
@pytest.mark.parametrize("gated", [True, False])
def test_whom_each_stage_admits(stage: Stage, admitted: list[Grant | None], reason: Reason | None, gated: bool) -> None:
    for grant in (STRANGER, PARTNER, EVALUATOR):
        told = why(ask(), policy(frontier(gated=gated, stage=stage), grant=grant))
        assert told == (() if grant in admitted else (reason,))


def test_the_store_has_the_last_word_over_the_catalogue() -> None:
    record = StageRecord(Stage.GENERAL, authority="three agencies")
    assert stage_of(frontier(), policy()) == (Stage.PREVIEW, "stage:preview")
    assert stage_of(frontier(), policy(stages={"frontier": record})) == (Stage.GENERAL, record)
    assert why(ask(), policy(stages={"frontier": record})) == ()
    assert why(ask("open"), policy(stages={"open": StageRecord(Stage.PREVIEW)})) == (Reason.ORG_NOT_APPROVED,)


@pytest.mark.parametrize("stage", Stage)
def test_an_entry_that_did_not_parse_suspends(stage: Stage) -> None:
    snapshot = policy(OPEN, stages={"open": StageRecord(stage, invalid=True)})
    denial = refused(ask("open"), snapshot)
    assert (denial.reasons, denial.rule) == ((Reason.MODEL_SUSPENDED,), "stage:suspended")


def test_a_stage_is_found_by_the_id_of_the_model_under_every_alias() -> None:
    snapshot = policy(frontier(aliases=("nickname",)), grant=Grant(), stages={"frontier": StageRecord(Stage.SUSPENDED)})
    assert why(ask("nickname"), snapshot) == (Reason.MODEL_SUSPENDED,)


def test_grants_are_demanded_between_suspension_and_general_release() -> None:
    assert [stage for stage in Stage if demands_grant(stage)] == [Stage.EVALUATION, Stage.PREVIEW]
