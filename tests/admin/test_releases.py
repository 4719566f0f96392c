"""No change widens a stage unsigned or overfills a list, whichever verb makes it and whenever it is approved; what narrows passes."""

from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.admin.releases import Terms, check_release
from gateway.admin.stages import stored
from gateway.errors import CommandError
from gateway.policy.snapshot import Grant, Model, SignOff, Snapshot, StageRecord
from gateway.policy.stage import RANK, in_force
from gateway.policy.vocabulary import Stage
from gateway.settings.release_shape import ReleaseSection, ReleasesSection, unsigned
from gateway.store.edit import Edit
from gateway.store.keys import Keys

NOW: Final = 1_793_491_200.0
KEYS: Final = Keys()
MODEL: Final = Model("frontier-1", "main", stage=Stage.EVALUATION)
RELEASES: Final = ReleasesSection(
    evaluation=ReleaseSection(partners_at_most=1),
    preview=ReleaseSection(signoffs=("a", "b"), partners_at_most=2),
    general=ReleaseSection(signoffs=("a",)),
)
SIGNED: Final = tuple(SignOff(agency, stage, "ref") for agency in "ab" for stage in (Stage.PREVIEW, Stage.GENERAL))


def grant(organisation: str, json: bytes | None = b"{}") -> Edit:
    return Edit("grant.put", KEYS.allowlist("frontier-1"), organisation, json)


def stage(record: StageRecord) -> Edit:
    return Edit("stage.put", KEYS.models, "frontier-1", msgspec.json.encode(stored(record)))


def policy(record: StageRecord | None = None, **grants: Grant) -> Snapshot:
    return Snapshot(catalogue={"frontier-1": MODEL}, stages={"frontier-1": record} if record else {}, grants={"frontier-1": grants})


def check(snapshot: Snapshot, *edits: Edit) -> None:
    check_release(edits, snapshot, KEYS, NOW, Terms(RELEASES))


def refused(snapshot: Snapshot, *edits: Edit, says: str = "takes at most") -> None:
    with pytest.raises(CommandError, match=says):
        check(snapshot, *edits)


records = st.builds(
    StageRecord,
    st.sampled_from(Stage),
    signoffs=st.lists(st.sampled_from(SIGNED), max_size=4, unique=True).map(tuple),
    next_stage=st.none() | st.sampled_from(Stage),
    next_from=st.sampled_from((NOW - 60, NOW + 60)),
)


@given(records, records)
def test_a_record_that_leads_wider_than_what_was_signed_is_refused_whoever_wrote_it(before: StageRecord, after: StageRecord) -> None:
    present = in_force(before, NOW)
    signed = {(one.stage, one.agency) for one in present.signoffs}
    needed = {(Stage.PREVIEW, "a"), (Stage.PREVIEW, "b"), (Stage.GENERAL, "a")}
    known = {in_force(before, at).stage for at in (NOW, NOW + 60)}
    unasked = {in_force(after, at).stage for at in (NOW, NOW + 60)} - known
    lacking = {(step, agency) for wider in unasked for step, agency in needed - signed if RANK[present.stage] < RANK[step] <= RANK[wider]}
    if lacking:
        refused(policy(before), stage(after), says="needs the sign-offs of")


def test_partners_fill_a_stage_one_by_one_or_many_at_a_time() -> None:
    preview = StageRecord(Stage.PREVIEW)
    check(policy(preview, org_a=Grant()), grant("org_b"))
    refused(policy(preview, org_a=Grant(), org_b=Grant()), grant("org_c"))
    refused(policy(preview), *map(grant, ("org_a", "org_b", "org_c")))
    check(policy(preview, org_a=Grant(), org_b=Grant()), grant("org_b", b'{"authority":"annex"}'))
    check(policy(preview, org_a=Grant(), org_b=Grant()), grant("org_c"), grant("org_a", None))
    check(policy(preview, org_a=Grant(), org_b=Grant(valid_until=NOW)), grant("org_c"))


def test_evaluators_take_places_of_their_own() -> None:
    preview = StageRecord(Stage.PREVIEW)
    institute = Grant(evaluator=True)
    check(policy(preview, org_institute=institute, org_a=Grant()), grant("org_b"))
    check(policy(preview, org_a=Grant(), org_b=Grant()), grant("org_institute", b'{"evaluator":true}'))
    refused(policy(preview, org_institute=institute), grant("org_second", b'{"evaluator":true}'), says="2 evaluators, and takes at most 1")


def test_a_stage_is_not_widened_onto_a_list_that_is_too_long_for_it_now_or_on_its_day() -> None:
    evaluation = StageRecord(Stage.EVALUATION, signoffs=SIGNED)
    crowd = {name: Grant() for name in ("org_a", "org_b", "org_c")}
    coming = StageRecord(Stage.EVALUATION, signoffs=SIGNED, next_stage=Stage.PREVIEW, next_from=NOW + 60)
    refused(policy(evaluation, **crowd), stage(StageRecord(Stage.PREVIEW, signoffs=SIGNED)))
    refused(policy(evaluation, **crowd), stage(coming))
    refused(policy(coming, org_a=Grant(), org_b=Grant()), grant("org_c"))
    check(policy(StageRecord(Stage.GENERAL), **crowd), stage(StageRecord(Stage.PREVIEW)))


def test_what_narrows_passes_where_there_are_too_many_already() -> None:
    crowd = {name: Grant() for name in ("org_a", "org_b", "org_c", "org_d")}
    full = policy(StageRecord(Stage.PREVIEW), **crowd)
    check(full, grant("org_a", None))
    check(full, stage(StageRecord(Stage.SUSPENDED)))
    check(full, Edit("directive.put", KEYS.directives, "d-1", b"{}"), Edit("grant.put", KEYS.allowlist("gone-1"), "org_a", b"{}"))


def test_settings_alone_give_no_stage_that_asks_for_a_signature() -> None:
    assert unsigned(Stage.GENERAL, RELEASES) is Stage.EVALUATION
    assert unsigned(Stage.GENERAL, ReleasesSection()) is Stage.GENERAL
    assert unsigned(Stage.PREVIEW, ReleasesSection(evaluation=ReleaseSection(signoffs=("a",)))) is Stage.SUSPENDED
    assert unsigned(Stage.SUSPENDED, RELEASES) is Stage.SUSPENDED
