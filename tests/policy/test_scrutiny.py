"""Rules that ask for evidence, or name lists with a date: anything told may deny, only what is verified may grant."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from policy import strategies as worlds
from policy.world import NOW, TODAY, ask, frontier, no, only, permitted, policy, why

from gateway.policy.access import UNKNOWN_NATIONALITIES, AccessRequest, Instant, Nationalities, Statement, Verification, merged
from gateway.policy.assurance import Requirement
from gateway.policy.decide import decide, trace
from gateway.policy.decision import Permit
from gateway.policy.directive import Directive
from gateway.policy.ownership import OwnershipRule, ownership
from gateway.policy.restrictions import Restrictions
from gateway.policy.snapshot import Grant, StageRecord
from gateway.policy.vocabulary import Effect, Reason, Result, Stage, Unknown

EIDAS = Requirement(frozenset({"eidas"}), "substantial", max_age=1000.0)
GOOD = Verification("eidas", "high", TODAY - 400.0)
FRENCH, IRANIAN = (Nationalities((code,), unknown=False) for code in ("FR", "IR"))
LATER = Instant(TODAY + 600.0, NOW.steady)


def told(*statements: Statement, **facts: Any) -> AccessRequest:
    """Ask as somebody whose token says this, and at its top nothing unless said otherwise."""
    top = Statement(
        nationalities=facts.pop("nationalities", None), us_person=facts.pop("us_person", None), residence=facts.pop("residence", None)
    )
    everything = (top, *statements)
    said = {one.us_person for one in everything}
    homes = {one.residence for one in everything} - {None}
    return ask(
        nationalities=merged(one.nationalities for one in everything if one.nationalities),
        us_person=False if False in said else True if True in said else None,
        residence=homes.pop() if len(homes) == 1 else None,
        statements=everything if statements else (),
    )


def verified(evidence: Verification | None = GOOD, **facts: Any) -> Statement:
    return Statement("verified_claims[0]", evidence, **facts)


NO_IRAN = policy(frontier(Restrictions(nationality=no("IR", require_verified=EIDAS))), grant=Grant())
US_ONLY = policy(frontier(Restrictions(us_person=True, require_verified=EIDAS)), grant=Grant())
AT_HOME = policy(frontier(Restrictions(residence=only("FR", require_verified=EIDAS))), grant=Grant())
LATEST = policy(frontier(Restrictions(most_recent=no("IR", require_verified=EIDAS))), grant=Grant())


@pytest.mark.parametrize(
    ("request_", "reasons"),
    [
        (told(verified(nationalities=FRENCH)), ()),
        (told(verified(nationalities=FRENCH), nationalities=FRENCH), ()),
        (told(nationalities=FRENCH), (Reason.ASSURANCE_INSUFFICIENT,)),
        (told(verified(None, nationalities=FRENCH)), (Reason.ASSURANCE_INSUFFICIENT,)),
        (told(verified(Verification("de_aml", "high", TODAY), nationalities=FRENCH)), (Reason.ASSURANCE_INSUFFICIENT,)),
        (told(verified(Verification("eidas", "low", TODAY), nationalities=FRENCH)), (Reason.ASSURANCE_INSUFFICIENT,)),
        (told(verified(Verification("eidas", "high"), nationalities=FRENCH)), (Reason.ASSURANCE_INSUFFICIENT,)),
        (told(verified(us_person=False), nationalities=FRENCH), (Reason.ASSURANCE_INSUFFICIENT,)),
        (told(verified(nationalities=IRANIAN)), (Reason.NATIONALITY_RESTRICTED,)),
        (told(verified(nationalities=FRENCH), nationalities=IRANIAN), (Reason.NATIONALITY_RESTRICTED,)),
        (told(verified(None, nationalities=IRANIAN), verified(nationalities=FRENCH)), (Reason.NATIONALITY_RESTRICTED,)),
        (told(verified(nationalities=FRENCH), nationalities=UNKNOWN_NATIONALITIES), (Reason.NATIONALITY_UNKNOWN,)),
        (told(), (Reason.NATIONALITY_UNKNOWN,)),
    ],
)
def test_a_rule_on_nationality_passes_on_evidence_alone_and_fails_on_anything(request_: AccessRequest, reasons: tuple[Reason, ...]) -> None:
    assert why(request_, NO_IRAN) == reasons


@pytest.mark.parametrize(
    ("request_", "reasons"),
    [
        (told(verified(us_person=True)), ()),
        (told(us_person=True), (Reason.ASSURANCE_INSUFFICIENT,)),
        (told(verified(us_person=False), us_person=True), (Reason.US_PERSON_REQUIRED,)),
        (told(verified(us_person=True), us_person=False), (Reason.US_PERSON_REQUIRED,)),
        (told(verified(nationalities=FRENCH)), (Reason.US_PERSON_UNKNOWN,)),
    ],
)
def test_a_us_person_too(request_: AccessRequest, reasons: tuple[Reason, ...]) -> None:
    assert why(request_, US_ONLY) == reasons


def test_only_a_verified_us_person_passes_before_nationality_is_looked_at() -> None:
    refugee = told(verified(us_person=True))
    assert why(refugee, NO_IRAN) == ()
    assert why(told(us_person=True), NO_IRAN) == (Reason.NATIONALITY_UNKNOWN,)
    assert why(told(verified(us_person=True), nationalities=IRANIAN), NO_IRAN) == ()
    strict = policy(frontier(Restrictions(nationality=no("IR", require_verified=EIDAS), us_person_exempt=False)), grant=Grant())
    assert why(refugee, strict) == (Reason.NATIONALITY_UNKNOWN,)


def test_residence_and_the_most_recent_nationality_alike() -> None:
    assert why(told(verified(residence="FR")), AT_HOME) == ()
    assert why(told(residence="FR"), AT_HOME) == (Reason.ASSURANCE_INSUFFICIENT,)
    assert why(told(verified(residence="FR"), residence="DE"), AT_HOME) == (Reason.REGION_RESTRICTED,)
    assert why(told(verified(nationalities=FRENCH)), LATEST) == ()
    assert why(told(verified(nationalities=FRENCH), nationalities=IRANIAN), LATEST) == (Reason.NATIONALITY_UNKNOWN,)
    dual = Nationalities(("IR", "FR"), unknown=False, most_recent="FR")
    assert why(told(verified(nationalities=dual)), LATEST) == ()
    assert why(told(nationalities=dual), LATEST) == (Reason.ASSURANCE_INSUFFICIENT,)


def test_a_demand_of_the_model_holds_for_every_rule_that_has_none_of_its_own() -> None:
    lax = Requirement(frozenset({"house"}))
    rules = Restrictions(nationality=no("IR", require_verified=lax), residence=no("IR"), require_verified=EIDAS)
    snapshot = policy(frontier(rules), grant=Grant())
    house = Statement("verified_claims[1]", Verification("house"), nationalities=FRENCH)
    assert why(told(verified(residence="FR"), house), snapshot) == ()
    assert why(told(verified(residence="FR", nationalities=FRENCH)), snapshot) == (Reason.ASSURANCE_INSUFFICIENT,)


def test_who_shows_no_evidence_is_not_let_pass_where_unknown_would_be() -> None:
    rule = structs.replace(no("IR", require_verified=EIDAS), unknown=Unknown.ALLOW)
    snapshot = policy(frontier(Restrictions(nationality=rule)), grant=Grant())
    assert why(told(), snapshot) == (Reason.NATIONALITY_UNKNOWN,)
    assert why(told(nationalities=FRENCH), snapshot) == (Reason.ASSURANCE_INSUFFICIENT,)


def test_a_permit_ends_when_its_evidence_is_too_old() -> None:
    request_ = told(verified(nationalities=FRENCH))
    assert permitted(request_, NO_IRAN).valid_until == TODAY + 600.0
    assert why(request_, NO_IRAN, Instant(TODAY + 599.9, NOW.steady)) == ()
    assert why(request_, NO_IRAN, LATER) == (Reason.ASSURANCE_INSUFFICIENT,)


def test_a_directive_and_the_conditions_of_a_grant_may_demand_it_too() -> None:
    rule = Restrictions(us_person=True, require_verified=EIDAS)
    ordered = policy(grant=Grant(), directives=(Directive("d1", Effect.RESTRICT, rule=rule),))
    assert permitted(told(verified(us_person=True)), ordered).valid_until == TODAY + 600.0
    assert why(told(us_person=True), ordered) == (Reason.DIRECTIVE, Reason.ASSURANCE_INSUFFICIENT)
    conditioned = policy(grant=Grant(conditions=rule))
    assert permitted(told(verified(us_person=True)), conditioned).valid_until == TODAY + 600.0
    assert why(told(us_person=True), conditioned) == (Reason.ASSURANCE_INSUFFICIENT,)


def test_waivers_on_persons_waive_the_evidence() -> None:
    snapshot = structs.replace(NO_IRAN, grants={"frontier": {"org_acme": Grant(covers_foreign_persons=True)}})
    assert why(told(nationalities=IRANIAN), snapshot) == ()


def test_a_waiver_that_rests_on_evidence_ends_with_it() -> None:
    grant = Grant(covers_foreign_persons=True, conditions=Restrictions(residence=only("FR", require_verified=EIDAS)))
    general = {"frontier": StageRecord(Stage.GENERAL)}
    snapshot = policy(frontier(Restrictions(nationality=no("IR"))), grant=grant, stages=general)
    request_ = told(verified(residence="FR", nationalities=IRANIAN))
    assert permitted(request_, snapshot).valid_until == TODAY + 600.0
    assert why(request_, snapshot, LATER) == (Reason.NATIONALITY_RESTRICTED,)


def test_the_trace_tells_which_evidence_counted_and_what_was_missing_but_no_fact() -> None:
    good = trace(told(verified(nationalities=FRENCH)), NO_IRAN, NOW)[-1]
    assert (good.rule, good.result, good.note) == ("model:frontier:nationality", Result.PASS, "verified by verified_claims[0]")
    bad = trace(told(nationalities=FRENCH), NO_IRAN, NOW)[-1]
    assert (bad.result, bad.note) == (Result.UNKNOWN, "not verified as the rule demands")


TILL_TOMORROW = no("IR", lapses=TODAY + 86_400.0)
AFTERWARDS = Instant(TODAY + 86_400.0, NOW.steady)


@pytest.mark.parametrize(
    ("rules", "unknown"),
    [
        (Restrictions(nationality=TILL_TOMORROW), Reason.NATIONALITY_UNKNOWN),
        (Restrictions(most_recent=TILL_TOMORROW), Reason.NATIONALITY_UNKNOWN),
        (Restrictions(residence=TILL_TOMORROW), Reason.REGION_UNKNOWN),
        (Restrictions(region=TILL_TOMORROW), Reason.REGION_UNKNOWN),
        (Restrictions(ownership=OwnershipRule(frozenset({"IR"}), 50.0, lapses=TODAY + 86_400.0)), Reason.OWNERSHIP_UNKNOWN),
        (Restrictions(nationality=structs.replace(TILL_TOMORROW, unknown=Unknown.ALLOW)), Reason.NATIONALITY_UNKNOWN),
    ],
)
def test_a_list_past_its_date_lets_nobody_pass_and_bounds_who_passed_before(rules: Restrictions, unknown: Reason) -> None:
    snapshot = policy(frontier(rules), grant=Grant(ownership=ownership([("FR", 100)])))
    request_ = ask(residence="FR")
    assert permitted(request_, snapshot).valid_until == TODAY + 86_400.0
    assert why(request_, snapshot, AFTERWARDS) == (unknown,)
    assert trace(request_, snapshot, AFTERWARDS)[-1].note == "a country group of this rule is past its review date"


def test_whom_a_list_past_its_date_names_is_still_restricted_and_a_us_person_does_not_need_it() -> None:
    snapshot = policy(frontier(Restrictions(nationality=TILL_TOMORROW)), grant=Grant())
    assert why(ask(nationalities=IRANIAN), snapshot, AFTERWARDS) == (Reason.NATIONALITY_RESTRICTED,)
    assert why(ask(nationalities=IRANIAN, us_person=True), snapshot, AFTERWARDS) == ()


HARD = Restrictions(nationality=no("IR"), residence=no("IR"), require_verified=EIDAS)
trusted = st.builds(Statement, st.just("verified_claims[0]"), st.just(GOOD), worlds.tristate, st.none() | worlds.nationalities)
untrusted = st.builds(
    Statement,
    st.just("verified_claims[9]"),
    st.none() | st.just(Verification("someone else's", "high", TODAY)),
    st.sampled_from((True, False, None)),
    st.none() | worlds.nationalities,
    st.none() | st.sampled_from(worlds.COUNTRIES),
)


@given(st.lists(trusted, max_size=2), untrusted)
def test_whatever_is_said_without_evidence_never_permits(good: list[Statement], more: Statement) -> None:
    """An unknown framework is ignored where it would grant: a token with such a statement is never admitted where it was not without."""
    snapshot = policy(frontier(HARD), grant=Grant())
    before, after = told(*good), told(*good, more)
    assert isinstance(decide(before, snapshot, NOW), Permit) or not isinstance(decide(after, snapshot, NOW), Permit)
