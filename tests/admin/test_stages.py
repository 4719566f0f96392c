"""Widening without sign-offs is impossible by whatever path; tightening always is possible."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.admin.releases import record_of
from gateway.admin.stages import known_stage, move_stage, sign_off, stored
from gateway.errors import CommandError
from gateway.policy.snapshot import Model, SignOff, Snapshot, StageRecord
from gateway.policy.stage import RANK, in_force
from gateway.policy.vocabulary import Stage
from gateway.settings.release_shape import ReleaseSection, ReleasesSection
from gateway.store.codec import decode_stage
from gateway.store.spelling import encode_stage

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MODEL = Model(id="frontier-1", upstream="main")
RELEASES = ReleasesSection(preview=ReleaseSection(signoffs=("a", "b"), partners_at_most=1), general=ReleaseSection(signoffs=("a",)))

signoffs = st.lists(st.builds(SignOff, st.sampled_from("ab"), st.sampled_from(Stage), st.just("ref")), max_size=4).map(tuple)
records = st.builds(
    StageRecord,
    st.sampled_from(Stage),
    signoffs=signoffs,
    next_stage=st.none() | st.sampled_from(Stage),
    next_from=st.sampled_from((NOW.timestamp() - 60, NOW.timestamp() + 60)),
)


def needed(present: Stage, stage: Stage) -> set[tuple[Stage, str]]:
    every = {(Stage.PREVIEW, "a"), (Stage.PREVIEW, "b"), (Stage.GENERAL, "a")}
    return {(step, agency) for step, agency in every if RANK[present] < RANK[step] <= RANK[stage]}


@given(records, st.sampled_from(Stage), st.sampled_from(("", "+1h")))
def test_a_stage_is_widened_only_with_every_sign_off_on_the_way(record: StageRecord, stage: Stage, starts: str) -> None:
    present = in_force(record, NOW.timestamp())
    signed = {(one.stage, one.agency) for one in present.signoffs}
    if needed(present.stage, stage) - signed:
        with pytest.raises(CommandError, match="needs the sign-offs of"):
            move_stage(MODEL, record, stage, NOW, RELEASES, starts=starts)
        return
    command = move_stage(MODEL, record, stage, NOW, RELEASES, starts=starts)
    after, problem = decode_stage(msgspec.json.encode(command.record))
    assert not problem
    assert (after.next_stage if starts else after.stage) is stage
    assert after.stage is (present.stage if starts else stage)
    if RANK[stage] < RANK[present.stage] and not starts:
        assert all(RANK[one.stage] <= RANK[stage] for one in after.signoffs), "a tightening spends the sign-offs above it"


@given(records)
def test_a_record_comes_back_as_it_was_stored(record: StageRecord) -> None:
    if record.next_stage is not None:
        assert decode_stage(msgspec.json.encode(stored(record))) == (record, "")
        assert decode_stage(encode_stage(record).encode()) == (record, "")


def test_a_sign_off_names_agency_reference_and_recorder_and_replaces_its_own() -> None:
    first = sign_off(MODEL, StageRecord(Stage.EVALUATION), Stage.PREVIEW, NOW, RELEASES, "ann", agency="a", authority="letter 1")
    record, _ = decode_stage(msgspec.json.encode(first.record))
    assert record.signoffs == (SignOff("a", Stage.PREVIEW, "letter 1", "ann", "2026-06-01T00:00:00Z"),)
    second = sign_off(MODEL, record, Stage.PREVIEW, NOW, RELEASES, "bob", agency="a", authority="letter 2")
    again, _ = decode_stage(msgspec.json.encode(second.record))
    assert [one.authority for one in again.signoffs] == ["letter 2"]
    for stage, agency, authority in ((Stage.EVALUATION, "a", "x"), (Stage.PREVIEW, "c", "x"), (Stage.PREVIEW, "a", "")):
        with pytest.raises(CommandError):
            sign_off(MODEL, record, stage, NOW, RELEASES, "ann", agency=agency, authority=authority)


def test_an_entry_that_did_not_parse_is_suspended_and_has_no_sign_offs() -> None:
    broken = Snapshot(stages={"frontier-1": StageRecord(Stage.SUSPENDED, invalid=True)})
    assert record_of(MODEL, broken) == StageRecord(Stage.SUSPENDED)
    assert record_of(MODEL, Snapshot()) == StageRecord(Stage.PREVIEW)
    with pytest.raises(CommandError):
        known_stage("public")


def test_a_tightening_that_comes_by_itself_spends_the_sign_offs_as_one_by_hand_does() -> None:
    signed = tuple(SignOff(agency, Stage.PREVIEW, "ref") for agency in "ab")
    ending = StageRecord(Stage.PREVIEW, signoffs=signed, next_stage=Stage.EVALUATION, next_from=NOW.timestamp())
    assert in_force(ending, NOW.timestamp() - 1).signoffs == signed
    assert in_force(ending, NOW.timestamp()).signoffs == ()
    with pytest.raises(CommandError, match="needs the sign-offs of"):
        move_stage(MODEL, ending, Stage.PREVIEW, NOW, RELEASES)
    anew = ending
    for agency in "ab":
        command = sign_off(MODEL, anew, Stage.PREVIEW, NOW, RELEASES, "ann", agency=agency, authority="letter 2")
        anew, _ = decode_stage(msgspec.json.encode(command.record))
    assert move_stage(MODEL, anew, Stage.PREVIEW, NOW, RELEASES).stage is Stage.PREVIEW


def test_what_widens_or_stays_spends_nothing() -> None:
    signed = tuple(SignOff(agency, Stage.PREVIEW, "ref") for agency in "ab")
    for stage in (Stage.SUSPENDED, Stage.EVALUATION):
        waiting = StageRecord(stage, signoffs=signed)
        command = move_stage(MODEL, waiting, Stage.EVALUATION, NOW, RELEASES)
        opened, _ = decode_stage(msgspec.json.encode(command.record))
        assert move_stage(MODEL, opened, Stage.PREVIEW, NOW, RELEASES).stage is Stage.PREVIEW
        coming = StageRecord(stage, signoffs=signed, next_stage=Stage.EVALUATION, next_from=NOW.timestamp())
        assert in_force(coming, NOW.timestamp()).signoffs == signed


def test_one_of_several_agencies_has_to_be_named() -> None:
    with pytest.raises(CommandError, match=r"which agency signs\? Write --agency with one of: a, b"):
        sign_off(MODEL, StageRecord(Stage.EVALUATION), Stage.PREVIEW, NOW, RELEASES, "ann", agency="", authority="letter 1")
