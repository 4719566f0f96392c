"""What a grant is worth: its dates, its class, its conditions, its waivers."""

from typing import Any

import pytest
from policy.world import ACME, IRAN, NOW, TODAY, TOMORROW, YESTERDAY, ask, frontier, no, only, permitted, policy, refused, why

from gateway.policy.access import UNKNOWN_NATIONALITIES, Instant, Location
from gateway.policy.decide import trace
from gateway.policy.directive import Directive
from gateway.policy.grant import waivers
from gateway.policy.restrictions import Restrictions
from gateway.policy.snapshot import Grant, StageRecord
from gateway.policy.vocabulary import Aspect, Effect, Reason, Stage

EVALUATION = {"frontier": StageRecord(Stage.EVALUATION)}
GENERAL = {"frontier": StageRecord(Stage.GENERAL)}
FOREIGN: dict[str, Any] = {"nationalities": IRAN, "residence": "IR", "us_person": False}
PERSONS_ONLY = Restrictions(nationality=no("IR"), us_person=True, residence=no("IR"))


def test_a_grant_holds_from_its_first_instant_to_before_its_last() -> None:
    grant = Grant(valid_from=TODAY, valid_until=TOMORROW)
    at = [Instant(wall, NOW.steady) for wall in (TODAY - 0.1, TODAY, TOMORROW - 0.1, TOMORROW)]
    assert [why(ask(), policy(grant=grant), now) for now in at] == [(Reason.GRANT_NOT_YET_VALID,), (), (), (Reason.GRANT_EXPIRED,)]


def test_an_expired_grant_says_by_whose_authority_it_was_given() -> None:
    denial = refused(ask(), policy(grant=Grant(valid_until=YESTERDAY, authority="letter 3")))
    assert (denial.rule, denial.authority) == ("grant", "letter 3")


def test_a_grant_that_did_not_parse_refuses() -> None:
    assert why(ask(), policy(grant=Grant(invalid=True))) == (Reason.GRANT_INVALID,)


def test_partners_are_no_evaluators() -> None:
    assert why(ask(), policy(grant=Grant(), stages=EVALUATION)) == (Reason.ORG_NOT_APPROVED,)
    assert why(ask(), policy(grant=Grant(evaluator=True), stages=EVALUATION)) == ()
    assert why(ask(), policy(grant=Grant(evaluator=True))) == ()


def test_the_conditions_of_a_grant_bind_where_it_is_demanded() -> None:
    grant = Grant(conditions=Restrictions(region=only("US"), us_person=True))
    denial = refused(ask(us_person=False), policy(grant=grant))
    assert denial.reasons == (Reason.US_PERSON_REQUIRED, Reason.REGION_RESTRICTED)
    assert denial.rule == "grant:us_person"
    assert why(ask(us_person=True, location=Location("US")), policy(grant=grant)) == ()


def test_they_bind_on_a_model_that_is_not_gated_too() -> None:
    beta = frontier(gated=False)
    assert why(ask(), policy(beta, grant=Grant(conditions=Restrictions(region=only("US"))))) == (Reason.REGION_RESTRICTED,)


def test_foreign_persons_are_covered_by_the_grant_that_says_so() -> None:
    model = frontier(PERSONS_ONLY)
    assert why(ask(**FOREIGN), policy(model, grant=Grant())) == (
        Reason.US_PERSON_REQUIRED,
        Reason.NATIONALITY_RESTRICTED,
        Reason.REGION_RESTRICTED,
    )
    covered = policy(model, grant=Grant(covers_foreign_persons=True))
    assert why(ask(**FOREIGN), covered) == ()
    assert why(ask(nationalities=UNKNOWN_NATIONALITIES), covered) == ()


def test_it_covers_them_against_a_directive_but_never_in_a_restricted_region() -> None:
    order = Directive("d1", Effect.RESTRICT, rule=Restrictions(us_person=True))
    model = frontier(Restrictions(region=no("IR")))
    covered = policy(model, grant=Grant(covers_foreign_persons=True), directives=(order,))
    assert why(ask(**FOREIGN), covered) == ()
    assert why(ask(**FOREIGN, location=Location("IR")), covered) == (Reason.REGION_RESTRICTED,)


def test_it_does_not_cover_them_against_its_own_conditions_or_a_suspension() -> None:
    grant = Grant(covers_foreign_persons=True, conditions=Restrictions(nationality=no("IR")))
    assert why(ask(**FOREIGN), policy(grant=grant)) == (Reason.NATIONALITY_RESTRICTED,)
    assert why(ask(), policy(grant=Grant(covers_foreign_persons=True), directives=(Directive("d1"),))) == (Reason.DIRECTIVE,)


@pytest.mark.parametrize("waived", ["hosting", "anonymizer"])
def test_an_address_can_be_waived_by_name(waived: str) -> None:
    model = frontier(Restrictions(deny_hosting=True, deny_anonymizer=True))
    caller = ask(location=Location("FR", hosting=waived == "hosting", anonymizer=waived == "anonymizer"))
    assert why(caller, policy(model, grant=Grant())) == (Reason(waived),)
    assert why(caller, policy(model, grant=Grant(waive=frozenset({waived})))) == ()
    assert why(caller, policy(model, grant=Grant(covers_foreign_persons=True))) == (Reason(waived),)


def test_nothing_else_can_be_waived_by_name() -> None:
    assert waivers(Grant(waive=frozenset({"region", "nationality", "us_person", "hosting"}))) == {Aspect.HOSTING}
    assert waivers(Grant()) == frozenset()


def test_in_general_release_a_grant_still_waives_and_then_bounds_the_permit() -> None:
    model = frontier(PERSONS_ONLY)
    grant = Grant(covers_foreign_persons=True, valid_until=TOMORROW)
    permit = permitted(ask(**FOREIGN), policy(model, grant=grant, stages=GENERAL))
    assert (permit.grant, permit.rule, permit.valid_until) == (grant, "stage:general", TOMORROW)
    assert why(ask(**FOREIGN), policy(model, stages=GENERAL)) != ()


def test_in_general_release_no_grant_is_worse_than_none() -> None:
    for grant in (Grant(invalid=True), Grant(valid_until=YESTERDAY), Grant(conditions=Restrictions(region=only("US")))):
        permit = permitted(ask(), policy(grant=grant, stages=GENERAL))
        assert permit.grant is None
        told = [check for check in trace(ask(), policy(grant=grant, stages=GENERAL), NOW) if check.reason]
        assert told
        assert not any(check.binding for check in told)


def test_in_general_release_a_grant_whose_conditions_fail_waives_nothing() -> None:
    grant = Grant(covers_foreign_persons=True, conditions=Restrictions(region=only("US")))
    model = frontier(Restrictions(nationality=no("IR")))
    assert why(ask(nationalities=IRAN), policy(model, grant=grant, stages=GENERAL)) == (Reason.NATIONALITY_RESTRICTED,)
    assert why(ask(nationalities=IRAN, location=Location("US")), policy(model, grant=grant, stages=GENERAL)) == ()


def test_a_grant_for_one_model_is_none_for_another() -> None:
    assert why(ask(), policy(grants={"open": {ACME: Grant()}})) == (Reason.ORG_NOT_APPROVED,)
