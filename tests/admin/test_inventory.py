from gateway.admin.inventory import entry_counts, invalid_rows, model_rows, partner_rows
from gateway.policy.snapshot import Grant, InvalidEntry, Model, Snapshot, StageRecord
from gateway.policy.vocabulary import Stage

NOON = 1_780_315_200.0  # 2026-06-01T12:00:00Z
FRONTIER = Model(id="frontier-1", upstream="main", aliases=("frontier-latest",))
OPEN = Model(id="open-1", upstream="main", gated=False, stage=Stage.GENERAL)
SNAPSHOT = Snapshot(
    catalogue={"frontier-1": FRONTIER, "frontier-latest": FRONTIER, "open-1": OPEN},
    stages={"frontier-1": StageRecord(Stage.EVALUATION, since="2026-05-01", authority="letter 12")},
    grants={
        "frontier-1": {
            "org_b": Grant(valid_until=NOON),
            "org_a": Grant(evaluator=True, authority="letter 3"),
            "org_c": Grant(valid_from=NOON + 1),
            "org_d": Grant(invalid=True),
        },
        "open-1": {"org_a": Grant()},
    },
    invalid=(InvalidEntry("gateway:allowlist:frontier-1", "org_d", "not JSON"),),
    revision=7,
)


def test_grants_come_by_model_and_organisation_with_their_state() -> None:
    rows = partner_rows(SNAPSHOT, NOON, "frontier-1")
    assert [(row["organisation"], row["state"]) for row in rows] == [
        ("org_a", "in force"),
        ("org_b", "expired"),
        ("org_c", "not yet"),
        ("org_d", "invalid"),
    ]
    assert len(partner_rows(SNAPSHOT, NOON)) == 5


def test_dates_are_readable_and_open_ends_are_none() -> None:
    row = partner_rows(SNAPSHOT, NOON, "frontier-1")[1]
    assert (row["from"], row["until"]) == (None, "2026-06-01T12:00:00Z")


def test_an_entry_that_did_not_parse_says_what_is_wrong() -> None:
    assert partner_rows(SNAPSHOT, NOON, "frontier-1")[3]["problem"] == "not JSON"
    assert invalid_rows(SNAPSHOT) == [{"key": "gateway:allowlist:frontier-1", "field": "org_d", "problem": "not JSON"}]


def test_each_model_is_listed_once_with_the_stage_that_holds() -> None:
    frontier, unchanged = model_rows(SNAPSHOT)
    assert (frontier["stage"], frontier["set_by"], frontier["grants"]) == ("evaluation", "store", 4)
    assert (unchanged["stage"], unchanged["set_by"], unchanged["aliases"]) == ("general", "settings", [])


def test_a_stage_entry_that_did_not_parse_is_shown_as_what_it_does() -> None:
    record = {"open-1": StageRecord(Stage.SUSPENDED, invalid=True)}
    row = model_rows(Snapshot(catalogue={"open-1": OPEN}, stages=record))[0]
    assert (row["stage"], row["set_by"]) == ("suspended", "invalid entry")


def test_what_is_counted() -> None:
    assert entry_counts(SNAPSHOT) == {"grants": 5, "stages": 1, "directives": 0, "revocations": 0, "invalid": 1}
