"""Findings become checks: which reason, what a waiver does, how a rule is named."""

from typing import Any

import pytest
from msgspec import structs
from policy.world import IRAN, ask, frontier, no

from gateway.policy.access import UNKNOWN_NATIONALITIES, Location
from gateway.policy.check import Check, Source, check_restrictions
from gateway.policy.directive import Directive
from gateway.policy.ownership import OwnershipRule, ownership
from gateway.policy.restrictions import Restrictions
from gateway.policy.snapshot import Grant, StageRecord
from gateway.policy.vocabulary import Aspect, Reason, Result, Stage, Unknown

IRANIAN: dict[str, Any] = {
    "nationalities": IRAN,
    "residence": "IR",
    "us_person": False,
    "location": Location("IR", anonymizer=True, hosting=True),
    "ownership": ownership([("IR", 60.0)]),
}
NOBODY: dict[str, Any] = {"nationalities": UNKNOWN_NATIONALITIES, "residence": None, "us_person": None, "location": Location()}
LET = Unknown.ALLOW
MOSTLY = OwnershipRule(frozenset({"IR"}), 50.0)


@pytest.mark.parametrize(
    ("rules", "restricted", "unknown"),
    [
        (Restrictions(us_person=True), Reason.US_PERSON_REQUIRED, Reason.US_PERSON_UNKNOWN),
        (Restrictions(nationality=no("IR")), Reason.NATIONALITY_RESTRICTED, Reason.NATIONALITY_UNKNOWN),
        (Restrictions(residence=no("IR")), Reason.REGION_RESTRICTED, Reason.REGION_UNKNOWN),
        (Restrictions(region=no("IR")), Reason.REGION_RESTRICTED, Reason.REGION_UNKNOWN),
        (Restrictions(most_recent=no("IR")), Reason.NATIONALITY_RESTRICTED, Reason.NATIONALITY_UNKNOWN),
        (Restrictions(ownership=MOSTLY), Reason.OWNERSHIP_RESTRICTED, Reason.OWNERSHIP_UNKNOWN),
        (Restrictions(deny_anonymizer=True), Reason.ANONYMIZER, Reason.ANONYMIZER),
        (Restrictions(deny_hosting=True), Reason.HOSTING, Reason.HOSTING),
        (Restrictions(nationality=no("IR", unknown=LET)), Reason.NATIONALITY_RESTRICTED, None),
        (Restrictions(most_recent=no("IR", unknown=LET)), Reason.NATIONALITY_RESTRICTED, None),
        (Restrictions(ownership=structs.replace(MOSTLY, unknown=LET)), Reason.OWNERSHIP_RESTRICTED, None),
        (Restrictions(residence=no("IR", unknown=LET)), Reason.REGION_RESTRICTED, None),
        (Restrictions(region=no("IR", unknown=LET)), Reason.REGION_RESTRICTED, None),
    ],
)
def test_each_rule_has_its_reasons(rules: Restrictions, restricted: Reason, unknown: Reason | None) -> None:
    assert [check.reason for check in check_restrictions(rules, "test", ask(**IRANIAN))] == [restricted]
    assert [check.reason for check in check_restrictions(rules, "test", ask(**NOBODY))] == [unknown]


def test_what_is_waived_is_told_with_its_true_result_but_does_not_refuse() -> None:
    rules = Restrictions(nationality=no("IR"), region=no("IR"))
    nationality, region = check_restrictions(rules, "test", ask(**IRANIAN), frozenset({Aspect.NATIONALITY}))
    assert (nationality.result, nationality.reason, nationality.note) == (Result.FAIL, None, "waived by the grant")
    assert region.reason is Reason.REGION_RESTRICTED


@pytest.mark.parametrize(
    ("source", "name", "authority"),
    [
        ("policy:fresh", "policy:fresh", ""),
        (frontier(), "model:frontier", ""),
        (StageRecord(Stage.PREVIEW, authority="a"), "stage:preview", "a"),
        (StageRecord(Stage.PREVIEW, authority="a", invalid=True), "stage:suspended", "a"),
        (Grant(authority="b"), "grant", "b"),
        (Directive("d1", authority="c"), "directive:d1", "c"),
    ],
)
def test_a_rule_is_named_after_its_source(source: Source, name: str, authority: str) -> None:
    check = Check(source, Result.PASS, aspect=Aspect.REGION)
    assert (check.rule, check.authority) == (f"{name}:region", authority)
    assert Check(source, Result.PASS).rule == name
