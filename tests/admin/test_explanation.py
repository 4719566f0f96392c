import json

from msgspec import structs

from gateway.admin.explanation import explain, unidentified
from gateway.policy.access import AccessRequest, Instant, Location, Nationalities, Statement, Subject, Verification
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Model, Snapshot, StageRecord
from gateway.policy.vocabulary import Reason, Stage

NOW = Instant(wall=1_780_315_200.0, steady=10.0)
MODEL = Model(id="frontier-1", upstream="main", restrictions=Restrictions(nationality=CountryRule(any_in=frozenset({"KP"}))))
SNAPSHOT = Snapshot(
    catalogue={"frontier-1": MODEL, "frontier-latest": MODEL},
    grants={"frontier-1": {"org_acme": Grant(valid_until=NOW.wall + 60, authority="letter 3")}},
    revision=7,
    digest="abc",
    initialised=True,
    confirmed_at=10.0,
    max_staleness=60.0,
)


def asked(organisation: str, nationality: str, model: str = "frontier-latest") -> AccessRequest:
    subject = Subject("demo", "alice", organisation, nationalities=Nationalities((nationality,), unknown=False))
    return AccessRequest(subject, model, Location("DE", source="header"))


def test_a_permit_names_its_ground_and_its_end() -> None:
    told = explain(asked("org_acme", "DE"), SNAPSHOT, NOW)
    assert (told["decision"], told["rule"], told["authority"]) == ("permit", "grant", "letter 3")
    assert (told["model_id"], told["revision"], told["digest"]) == ("frontier-1", 7, "abc")
    assert told["valid_until"] == "2026-06-01T12:01:00Z"


def test_a_permit_for_everyone_rests_on_the_stage_and_its_authority() -> None:
    record = StageRecord(Stage.GENERAL, authority="three agencies")
    told = explain(asked("org_other", "DE"), structs.replace(SNAPSHOT, stages={"frontier-1": record}), NOW)
    assert (told["decision"], told["rule"], told["authority"], told["class"]) == ("permit", "stage:general", "three agencies", None)


def test_partners_and_evaluators_are_classes_of_their_own() -> None:
    grants = {"frontier-1": {"org_acme": Grant(), "org_institute": Grant(evaluator=True), "org_bad": Grant(invalid=True)}}
    snapshot = structs.replace(SNAPSHOT, grants=grants)
    found = [explain(asked(name, "DE"), snapshot, NOW)["class"] for name in ("org_acme", "org_institute", "org_bad")]
    assert found == ["partner", "evaluator", None]


def test_a_refusal_gives_every_reason_in_the_order_of_precedence() -> None:
    told = explain(asked("org_stranger", "KP"), SNAPSHOT, NOW)
    assert told["decision"] == "deny"
    assert told["reasons"] == ["org_not_approved", "nationality_restricted"]
    deciding = {check["reason"] for check in told["checks"] if check["reason"] and check["decides"]}
    assert deciding == set(told["reasons"])


def test_no_attribute_of_the_token_is_told() -> None:
    text = json.dumps(explain(asked("org_stranger", "SY"), SNAPSHOT, NOW))
    assert "SY" not in text
    assert "alice" not in text


def test_an_unknown_model_is_explained_too() -> None:
    told = explain(asked("org_acme", "DE", model="nothing-1"), SNAPSHOT, NOW)
    assert (told["model_id"], told["reasons"]) == (None, ["model_unknown"])


def test_a_token_that_is_not_accepted_has_a_reason_and_no_checks() -> None:
    told = unidentified(Reason.TOKEN_EXPIRED, "frontier-1")
    assert (told["decision"], told["reasons"], told["checks"]) == ("deny", ["token_expired"], [])


def test_sources_are_named_with_their_evidence_and_not_what_they_say() -> None:
    plain = explain(asked("org_acme", "DE"), SNAPSHOT, NOW)
    assert (plain["statements"], plain["location_others"], plain["location_built_at"]) == (["self_asserted"], [], None)
    told = (
        Statement(nationalities=Nationalities(("DE",), unknown=False)),
        Statement("verified_claims[0]", Verification("eidas", "high", NOW.wall - 60)),
        Statement("verified_claims[1]", Verification("de_aml")),
    )
    place = Location("DE", source="database", others=(Location("FR", source="registered"),), built_at=NOW.wall)
    request = asked("org_acme", "DE")
    rich = explain(structs.replace(request, subject=structs.replace(request.subject, statements=told), location=place), SNAPSHOT, NOW)
    assert rich["statements"] == ["self_asserted", "verified_claims[0] (eidas, high, 2026-06-01T11:59:00Z)", "verified_claims[1] (de_aml)"]
    assert (rich["location_others"], rich["location_built_at"]) == (["registered"], "2026-06-01T12:00:00Z")
    assert "FR" not in json.dumps(rich)
