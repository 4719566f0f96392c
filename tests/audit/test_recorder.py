"""Which fact of a decision goes into which field of its record."""

import json
from typing import Any

from msgspec import structs

from gateway.audit.recorder import Recorder
from gateway.policy.access import AccessRequest, Location, Nationalities, Subject
from gateway.policy.decision import Denial, Permit
from gateway.policy.snapshot import Grant, Model, Snapshot, StageRecord
from gateway.policy.vocabulary import Reason, Stage

MODEL = Model("gpt-5.6", "lab", aliases=("gpt-5.6-latest",))
ALICE = Subject("https://issuer.example", "alice", "org_acme", nationalities=Nationalities(("SY",), unknown=False), residence="IR")
REQUEST = AccessRequest(ALICE, "gpt-5.6-latest", Location("KP", source="geolocation"))
SNAPSHOT = Snapshot(revision=7, digest="abc", stages={"gpt-5.6": StageRecord(Stage.EVALUATION)})


WHEN = 1764000000.5


def told(decision: Permit | Denial, snapshot: Snapshot = SNAPSHOT, **more: Any) -> dict[str, Any]:
    line = Recorder("w3", b"a key of 16 byte").decision(
        decision, snapshot, WHEN, decision_id="d1", request_id="r1", route="openai.chat", **more
    )
    record: dict[str, Any] = json.loads(line)
    return record


def test_a_permit_is_recorded_with_its_ground_and_authority() -> None:
    record = told(Permit(REQUEST, MODEL, Grant(authority="letter 12"), "grant", 7))
    assert (record["decision"], record["reasons"], record["rule"], record["authority"]) == ("permit", [], "grant", "letter 12")
    assert (record["model"], record["model_id"], record["stage"]) == ("gpt-5.6-latest", "gpt-5.6", "evaluation")
    assert (record["revision"], record["digest"], record["location_source"]) == (7, "abc", "geolocation")
    assert (record["time"], record["worker"], record["organisation"]) == ("2025-11-24T16:00:00.500000Z", "w3", "org_acme")


def test_a_permit_without_a_grant_rests_on_the_stage_that_is_in_force_by_then() -> None:
    coming = StageRecord(Stage.PREVIEW, authority="release 1", next_stage=Stage.GENERAL, next_from=WHEN, next_authority="three agencies")
    record = told(Permit(REQUEST, MODEL, None, "stage:general", 7), structs.replace(SNAPSHOT, stages={"gpt-5.6": coming}))
    assert (record["stage"], record["authority"], record["class"]) == ("general", "three agencies", "")


def test_partners_and_evaluators_are_recorded_as_such() -> None:
    for grant, expected in ((Grant(), "partner"), (Grant(evaluator=True), "evaluator"), (Grant(invalid=True), "")):
        snapshot = structs.replace(SNAPSHOT, grants={"gpt-5.6": {"org_acme": grant}})
        assert told(Denial((Reason.NATIONALITY_RESTRICTED,), REQUEST, MODEL), snapshot)["class"] == expected


def test_a_refusal_is_recorded_with_every_reason() -> None:
    reasons = (Reason.DIRECTIVE, Reason.NATIONALITY_RESTRICTED, Reason.REGION_RESTRICTED)
    record = told(Denial(reasons, REQUEST, MODEL, "directive:d-1", 7, authority="order 3"))
    assert record["decision"] == "deny"
    assert record["reasons"] == ["directive", "nationality_restricted", "region_restricted"]
    assert (record["rule"], record["authority"]) == ("directive:d-1", "order 3")


def test_a_refusal_before_anything_was_known_is_recorded_too() -> None:
    record = told(Denial((Reason.TOKEN_MISSING,)), model="gpt-5.6")
    assert (record["model"], record["model_id"], record["stage"], record["subject"], record["issuer"]) == ("gpt-5.6", "", "", "", "")
    assert record["location_source"] == "none"


def test_who_was_identified_before_the_refusal_is_recorded() -> None:
    record = told(Denial((Reason.MODEL_UNRESOLVED,)), subject=ALICE)
    assert record["organisation"] == "org_acme"
    assert len(record["subject"]) == 32


def test_neither_the_person_nor_the_place_is_in_the_record() -> None:
    line = json.dumps(told(Denial((Reason.NATIONALITY_RESTRICTED,), REQUEST, MODEL)))
    assert not any(f'"{value}"' in line for value in ("alice", "SY", "IR", "KP"))


def test_an_answer_that_was_cut_is_recorded_with_the_decision_that_cut_it() -> None:
    cut = Denial((Reason.ORG_NOT_APPROVED,), REQUEST, MODEL, revision=9)
    record = json.loads(
        Recorder("w3").outcome(0, decision_id="d1", request_id="r1", ending="cut", status=200, seconds=2.5, bytes_sent=10, cut=cut)
    )
    assert (record["ending"], record["reasons"], record["revision"], record["seconds"]) == ("cut", ["org_not_approved"], 9, 2.5)
