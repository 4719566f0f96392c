"""Directives: whom they cover, when, what they do, and how they are rehearsed."""

import pytest
from policy.world import ACME, IRAN, NOW, OPEN, TODAY, TOMORROW, YESTERDAY, ask, frontier, no, permitted, policy, why

from gateway.policy.access import UNKNOWN_NATIONALITIES, Instant
from gateway.policy.decide import trace
from gateway.policy.directive import Directive
from gateway.policy.enforcement import covering, next_start
from gateway.policy.restrictions import Restrictions
from gateway.policy.snapshot import Grant
from gateway.policy.vocabulary import Effect, Reason, Result

US_PERSONS_ONLY = Directive("letter", Effect.RESTRICT, rule=Restrictions(us_person=True))
NO_IRAN = Restrictions(nationality=no("IR"))


def under(*orders: Directive, grant: Grant | None = None) -> tuple[Reason, ...]:
    return why(ask(), policy(grant=grant or Grant(), directives=orders))


def test_a_suspension_refuses_everybody_for_the_models_it_names() -> None:
    order = Directive("d1", models=frozenset({"open"}))
    assert why(ask("open"), policy(directives=(order,))) == (Reason.DIRECTIVE,)
    assert under(order) == ()


def test_without_models_it_covers_every_gated_model() -> None:
    assert under(Directive("d1")) == (Reason.DIRECTIVE,)
    assert why(ask("open"), policy(directives=(Directive("d1"),))) == ()
    everywhere, here = Directive("all"), Directive("this", models=frozenset({"open"}))
    assert covering(OPEN, [everywhere, here]) == [here]


@pytest.mark.parametrize(("us_person", "extra"), [(False, Reason.US_PERSON_REQUIRED), (None, Reason.US_PERSON_UNKNOWN)])
def test_a_restriction_refuses_with_the_reasons_of_its_rule_and_keeps_us_persons_working(us_person: bool | None, extra: Reason) -> None:
    snapshot = policy(grant=Grant(), directives=(US_PERSONS_ONLY,))
    assert why(ask(us_person=True), snapshot) == ()
    assert why(ask(us_person=us_person), snapshot) == (Reason.DIRECTIVE, extra)


def test_a_restriction_binds_a_named_model_that_is_not_gated() -> None:
    order = Directive("d1", Effect.RESTRICT, models=frozenset({"open"}), rule=NO_IRAN)
    snapshot = policy(directives=(order,))
    assert why(ask("open", nationalities=IRAN), snapshot) == (Reason.DIRECTIVE, Reason.NATIONALITY_RESTRICTED)
    assert why(ask("open", nationalities=UNKNOWN_NATIONALITIES), snapshot) == (Reason.DIRECTIVE, Reason.NATIONALITY_UNKNOWN)
    assert why(ask("open"), snapshot) == ()


def test_it_is_in_force_from_its_first_instant_to_before_its_last() -> None:
    snapshot = policy(grant=Grant(), directives=(Directive("d1", valid_from=TODAY, valid_until=TOMORROW),))
    at = [Instant(wall, NOW.steady) for wall in (TODAY - 0.1, TODAY, TOMORROW - 0.1, TOMORROW)]
    assert [why(ask(), snapshot, now) for now in at] == [(), (Reason.DIRECTIVE,), (Reason.DIRECTIVE,), ()]


def test_organisations_in_the_annex_are_not_touched() -> None:
    assert under(Directive("d1", except_organisations=frozenset({ACME}))) == ()
    assert under(Directive("d1", except_organisations=frozenset({"org_other"}))) == (Reason.DIRECTIVE,)
    nobody = policy(directives=(Directive("d1", models=frozenset({"open"}), except_organisations=frozenset({"", ACME})),))
    assert why(ask("open", organisation=None), nobody) == (Reason.DIRECTIVE,)
    assert why(ask("open", organisation=""), nobody) == (Reason.DIRECTIVE,)


def test_an_exception_may_hold_on_some_of_the_models_alone() -> None:
    annex = frozenset({ACME})
    assert under(Directive("d1", except_organisations=annex, except_models=frozenset({"frontier"}))) == ()
    assert under(Directive("d1", except_organisations=annex, except_models=frozenset({"open"}))) == (Reason.DIRECTIVE,)
    coming = [Directive("d1", valid_from=TOMORROW, except_organisations=annex, except_models=frozenset({"frontier"}))]
    assert next_start(coming, frontier(), ACME, NOW) == float("inf")
    assert next_start(coming, OPEN, ACME, NOW) == TOMORROW


def test_monitor_mode_counts_whom_it_would_refuse_and_refuses_nobody() -> None:
    orders = (
        Directive("suspend", enforce=False),
        Directive("restrict", Effect.RESTRICT, rule=Restrictions(us_person=True), enforce=False),
        Directive("passes", Effect.RESTRICT, rule=NO_IRAN, enforce=False),
        Directive("not yet", valid_from=TOMORROW, enforce=False),
    )
    permit = permitted(ask(), policy(grant=Grant(), directives=orders))
    assert permit.monitored == ("suspend", "restrict")
    told = {check.rule: (check.reason, check.binding) for check in trace(ask(), policy(grant=Grant(), directives=orders), NOW)}
    assert told["directive:restrict:us_person"] == (Reason.US_PERSON_UNKNOWN, False)


def test_one_that_did_not_parse_refuses_whatever_else_was_read_of_it() -> None:
    for more in ({"enforce": False}, {"valid_until": YESTERDAY}, {"valid_from": TOMORROW}, {"except_organisations": frozenset({ACME})}):
        assert under(Directive("d1", invalid=True, **more)) == (Reason.DIRECTIVE,)
    broken_restriction = Directive("d1", Effect.RESTRICT, invalid=True)
    assert under(broken_restriction) == (Reason.DIRECTIVE,)
    named = policy(OPEN, frontier(), grant=Grant(), directives=(Directive("d1", models=frozenset({"open"}), invalid=True),))
    assert why(ask("open"), named) == (Reason.DIRECTIVE,)
    assert why(ask(), named) == ()


def test_the_trace_says_why_an_excepted_organisation_passes() -> None:
    snapshot = policy(grant=Grant(), directives=(Directive("d1", except_organisations=frozenset({ACME})),))
    check = trace(ask(), snapshot, NOW)[-1]
    assert (check.rule, check.result, check.note) == ("directive:d1", Result.PASS, "the organisation is excepted")


def test_the_next_start_is_that_of_the_first_order_that_will_bind() -> None:
    orders = [Directive("a", valid_from=TOMORROW), Directive("b", valid_from=TOMORROW - 1), Directive("c", valid_from=YESTERDAY)]
    assert next_start(orders, OPEN, ACME, NOW) == TOMORROW - 1
    assert next_start(orders[2:], OPEN, ACME, NOW) == float("inf")
    assert next_start([Directive("now", valid_from=TODAY)], OPEN, ACME, NOW) == float("inf")
