"""Scenes at the gate: who is admitted, who is not, what they are told, and until when it holds."""

import math

from policy.world import ACME, IRAN, NOW, OPEN, PARIS, TOMORROW, ask, frontier, no, only, permitted, person, policy, refused, why

from gateway.policy.access import AccessRequest, Instant, Location
from gateway.policy.decide import decide, trace, visible_models
from gateway.policy.decision import Permit
from gateway.policy.directive import Directive
from gateway.policy.restrictions import Restrictions
from gateway.policy.snapshot import EMPTY, Grant, Revocation, Snapshot, StageRecord
from gateway.policy.vocabulary import Effect, Reason, Result, Stage

GUARDED = frontier(Restrictions(nationality=no("IR", "KP"), region=no("IR", "UA-43")))
LONG_AFTER = Instant(NOW.wall, NOW.steady + 60.5)


def test_a_partner_is_admitted_with_the_ground_and_the_bounds() -> None:
    grant = Grant(valid_until=TOMORROW, authority="letter 7")
    permit = permitted(ask(), policy(GUARDED, grant=grant))
    assert (permit.model.id, permit.grant, permit.rule, permit.revision) == ("frontier", grant, "grant", 7)
    assert (permit.valid_until, permit.fresh_until) == (TOMORROW, NOW.steady + 60.0)


def test_a_stranger_is_refused() -> None:
    assert why(ask(organisation="org_other"), policy(GUARDED, grant=Grant())) == (Reason.ORG_NOT_APPROVED,)
    assert why(ask(organisation=None), policy(GUARDED, grant=Grant())) == (Reason.ORG_MISSING,)
    assert why(ask(organisation=""), policy(GUARDED, grants={"frontier": {"": Grant()}})) == (Reason.ORG_MISSING,)


def test_every_reason_is_collected_and_the_first_speaks() -> None:
    stranger = ask(organisation="org_other", nationalities=IRAN, location=Location("IR"))
    denial = refused(stranger, policy(GUARDED))
    assert denial.reasons == (Reason.ORG_NOT_APPROVED, Reason.NATIONALITY_RESTRICTED, Reason.REGION_RESTRICTED)
    assert (denial.reason, denial.rule, denial.model, denial.revision) == (Reason.ORG_NOT_APPROVED, "stage:preview", GUARDED, 7)


def test_the_rule_of_a_model_is_named_by_aspect_and_never_by_fact() -> None:
    assert refused(ask(nationalities=IRAN), policy(GUARDED, grant=Grant())).rule == "model:frontier:nationality"
    assert refused(ask(location=Location("UA", ("UA-43",))), policy(GUARDED, grant=Grant())).rule == "model:frontier:region"


def test_an_unknown_country_is_not_an_unlisted_one() -> None:
    assert why(ask(location=Location()), policy(GUARDED, grant=Grant())) == (Reason.REGION_UNKNOWN,)


def test_a_model_is_found_by_its_exact_name_or_alias() -> None:
    known = policy(frontier(aliases=("frontier-latest",)), grant=Grant())
    assert permitted(ask("frontier-latest"), known).model.id == "frontier"
    for name in ("Frontier", "frontier ", "frontier-0", ""):
        denial = refused(ask(name), known)
        assert (denial.reasons, denial.model, denial.rule) == ((Reason.MODEL_UNKNOWN,), None, "catalogue")


def test_an_empty_store_refuses_every_model() -> None:
    wiped = policy(initialised=False)
    assert why(ask("open"), wiped) == (Reason.POLICY_UNINITIALISED,)
    assert refused(ask("frontier"), wiped).reason is Reason.POLICY_UNINITIALISED
    assert why(ask("open"), EMPTY) == (Reason.POLICY_UNINITIALISED, Reason.MODEL_UNKNOWN)


def test_a_stale_policy_refuses_gated_models_and_those_not_yet_general() -> None:
    assert why(ask(), policy(grant=Grant()), LONG_AFTER) == (Reason.POLICY_STALE,)
    assert why(ask("open"), policy(), LONG_AFTER) == ()
    beta = policy(OPEN, stages={"open": StageRecord(Stage.PREVIEW)}, grants={"open": {ACME: Grant()}})
    assert why(ask("open"), beta) == ()
    assert why(ask("open"), beta, LONG_AFTER) == (Reason.POLICY_STALE,)


def test_freshness_ends_after_its_last_instant() -> None:
    last = Instant(NOW.wall, NOW.steady + 60.0)
    assert why(ask(), policy(grant=Grant()), last) == ()
    assert permitted(ask("open"), policy()).fresh_until == math.inf


def test_what_was_never_confirmed_is_stale_however_patient_the_settings() -> None:
    assert Reason.POLICY_STALE in why(ask(), policy(grant=Grant(), confirmed_at=-math.inf, max_staleness=math.inf))


def test_a_general_model_needs_no_grant() -> None:
    permit = permitted(ask("open", organisation=None), policy())
    assert (permit.grant, permit.rule, permit.valid_until) == (None, "stage:general", math.inf)


def test_rules_of_a_model_that_is_not_gated_are_not_applied() -> None:
    lax = policy(frontier(Restrictions(nationality=only("US")), gated=False, stage=Stage.GENERAL))
    assert why(ask(), lax) == ()


def test_the_caller_sees_exactly_the_models_that_it_may_use() -> None:
    secret = frontier(hidden=True, aliases=("nickname",))
    snapshot = policy(OPEN, secret, grant=Grant())
    assert visible_models(person(), PARIS, snapshot, NOW) == (OPEN, secret)
    assert visible_models(person(organisation=None), PARIS, snapshot, NOW) == (OPEN,)
    assert visible_models(person(), PARIS, Snapshot(), NOW) == ()


def test_a_permit_ends_where_the_next_directive_on_the_model_starts() -> None:
    orders = (
        Directive("later", valid_from=NOW.wall + 90),
        Directive("sooner", valid_from=NOW.wall + 30, models=frozenset({"frontier"})),
        Directive("elsewhere", valid_from=NOW.wall + 1, models=frozenset({"open"})),
        Directive("rehearsal", valid_from=NOW.wall + 2, enforce=False),
        Directive("not us", valid_from=NOW.wall + 3, except_organisations=frozenset({ACME})),
        Directive("lapsed", valid_from=NOW.wall - 9, valid_until=NOW.wall - 5),
    )
    snapshot = policy(grant=Grant(valid_until=NOW.wall + 60), directives=orders)
    assert permitted(ask(), snapshot).valid_until == NOW.wall + 30
    assert why(ask(), snapshot, Instant(NOW.wall + 29.9, NOW.steady)) == ()
    assert why(ask(), snapshot, Instant(NOW.wall + 30, NOW.steady)) == (Reason.DIRECTIVE,)
    assert permitted(ask(), policy(grant=Grant(valid_until=NOW.wall + 60), directives=orders[:1])).valid_until == NOW.wall + 60


def test_a_refusal_carries_what_the_directive_says() -> None:
    order = Directive("d1", authority="BIS 12", legal_basis="15 CFR 744", message="Paused.", contact="mailto:appeals@lab.example")
    denial = refused(ask(), policy(grant=Grant(), directives=(order,)))
    told = (denial.rule, denial.authority, denial.legal_basis, denial.message, denial.contact)
    assert told == ("directive:d1", "BIS 12", "15 CFR 744", "Paused.", "mailto:appeals@lab.example")


def test_of_several_directives_one_with_a_legal_basis_speaks_then_the_first_by_name() -> None:
    a, b, c = Directive("a"), Directive("b", legal_basis="law b"), Directive("c", legal_basis="law c")
    for orders in ((a, b, c), (c, b, a)):
        assert refused(ask(), policy(grant=Grant(), directives=orders)).legal_basis == "law b"
    assert refused(ask(), policy(grant=Grant(), directives=(Directive("z"), a))).rule == "directive:a"


def test_a_legal_basis_is_silent_while_another_reason_comes_first() -> None:
    suspended = {"frontier": StageRecord(Stage.SUSPENDED, authority="operator")}
    denial = refused(ask(), policy(grant=Grant(), stages=suspended, directives=(Directive("d1", legal_basis="law"),)))
    assert denial.reasons == (Reason.MODEL_SUSPENDED, Reason.DIRECTIVE)
    assert (denial.rule, denial.authority, denial.legal_basis) == ("stage:suspended", "operator", "")


def test_revocation_comes_before_everything_the_policy_says() -> None:
    denial = refused(ask("nothing"), policy(revocations={f"org:{ACME}": Revocation()}))
    assert (denial.reasons, denial.rule) == ((Reason.TOKEN_REVOKED, Reason.MODEL_UNKNOWN), "revocation:org")


def test_the_trace_tells_every_rule_in_the_order_of_asking() -> None:
    order = Directive("d1", Effect.RESTRICT, rule=Restrictions(us_person=True))
    checks = trace(ask(), policy(GUARDED, grant=Grant(), directives=(order,)), NOW)
    assert [(check.rule, check.result) for check in checks] == [
        ("revocation", Result.PASS),
        ("policy:initialised", Result.PASS),
        ("stage:preview", Result.PASS),
        ("policy:fresh", Result.PASS),
        ("grant", Result.PASS),
        ("model:frontier:nationality", Result.PASS),
        ("model:frontier:region", Result.PASS),
        ("directive:d1:us_person", Result.UNKNOWN),
        ("directive:d1", Result.FAIL),
    ]
    assert [check.reason for check in checks if check.reason] == [Reason.US_PERSON_UNKNOWN, Reason.DIRECTIVE]


def test_the_same_question_has_the_same_answer() -> None:
    question: AccessRequest = ask()
    snapshot = policy(GUARDED, grant=Grant())
    assert decide(question, snapshot, NOW) == decide(question, snapshot, NOW)
    assert isinstance(decide(question, snapshot, NOW), Permit)


def test_a_stage_may_demand_more_than_the_model() -> None:
    more = ((Stage.GENERAL, Restrictions(nationality=no("FR"))), (Stage.EVALUATION, Restrictions(us_person=True)))
    model = frontier(Restrictions(region=no("IR")), by_stage=more)
    general = {"frontier": StageRecord(Stage.GENERAL)}
    assert why(ask(), policy(model, grant=Grant())) == ()
    denial = refused(ask(), policy(model, grant=Grant(), stages=general))
    assert (denial.reasons, denial.rule) == ((Reason.NATIONALITY_RESTRICTED,), "model:frontier:general:nationality")
    assert why(ask(location=Location("IR")), policy(model, grant=Grant(), stages=general)) == (
        Reason.NATIONALITY_RESTRICTED,
        Reason.REGION_RESTRICTED,
    )
    covered = policy(model, grant=Grant(covers_foreign_persons=True), stages=general)
    assert why(ask(), covered) == ()
    ungated = policy(frontier(by_stage=more, gated=False), stages=general)
    assert why(ask(), ungated) == ()


def test_the_trace_names_the_stage_whose_rule_it_is() -> None:
    model = frontier(Restrictions(region=no("IR")), by_stage=((Stage.PREVIEW, Restrictions(region=no("KP"))),))
    rules = [check.rule for check in trace(ask(), policy(model, grant=Grant()), NOW)]
    assert rules[-2:] == ["model:frontier:region", "model:frontier:preview:region"]
