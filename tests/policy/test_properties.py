"""What must hold in every world: the reference agrees, nothing means no, narrowing never widens, time alone never surprises."""

from dataclasses import dataclass
from typing import Any

import msgspec
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from policy import strategies as worlds
from policy.reference import by_the_book
from policy.world import policy, why

from gateway.policy.access import UNKNOWN_NATIONALITIES, AccessRequest, Instant, Location, Subject
from gateway.policy.decide import decide, trace, visible_models
from gateway.policy.decision import Denial, Permit
from gateway.policy.directive import Directive
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.snapshot import EMPTY, Grant, Model, Revocation, Snapshot, StageRecord
from gateway.policy.vocabulary import PRECEDENCE, Stage

replace = msgspec.structs.replace


@dataclass(frozen=True)
class Case:
    request: AccessRequest
    snapshot: Snapshot
    now: Instant

    def permits(self, **changed: object) -> bool:
        return isinstance(decide(self.request, replace(self.snapshot, **changed), self.now), Permit)


cases = st.builds(Case, worlds.requests, worlds.snapshots(), worlds.moments)
many = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@settings(many, max_examples=600)
@given(cases)
def test_the_reference_agrees(case: Case) -> None:
    assert set(why(case.request, case.snapshot, case.now)) == by_the_book(case.request, case.snapshot, case.now)


@many
@given(worlds.requests, worlds.moments, worlds.snapshots())
def test_emptiness_denies(request: AccessRequest, now: Instant, snapshot: Snapshot) -> None:
    assert isinstance(decide(request, EMPTY, now), Denial)
    assert isinstance(decide(request, Snapshot(catalogue=snapshot.catalogue), now), Denial)
    assert isinstance(decide(request, replace(snapshot, catalogue={}), now), Denial)


@many
@given(cases)
def test_reasons_are_sorted_unique_and_never_missing(case: Case) -> None:
    decision = decide(case.request, case.snapshot, case.now)
    if isinstance(decision, Denial):
        assert decision.reasons
        assert list(decision.reasons) == sorted(set(decision.reasons), key=PRECEDENCE.__getitem__)
        assert decision.reason is decision.reasons[0]
        assert decision.rule


@many
@given(cases)
def test_the_trace_is_the_decision(case: Case) -> None:
    refusing = {check.reason for check in trace(case.request, case.snapshot, case.now) if check.reason and check.binding}
    assert refusing == set(why(case.request, case.snapshot, case.now))


@many
@given(cases, worlds.restrictions)
def test_adding_a_restriction_never_permits(case: Case, more: Restrictions) -> None:
    stricter = {name: tightened(model, more) for name, model in case.snapshot.catalogue.items()}
    assert case.permits() or not case.permits(catalogue=stricter)


def tightened(model: Model, more: Restrictions) -> Model:
    """Give the model the rules of `more` that it does not have yet."""
    fields: dict[str, Any] = {
        name: getattr(model.restrictions, name) or getattr(more, name)
        for name in ("nationality", "most_recent", "residence", "region", "ownership", "require_verified")
    } | {
        "us_person": model.restrictions.us_person or more.us_person,
        "us_person_exempt": model.restrictions.us_person_exempt and more.us_person_exempt,
        "deny_anonymizer": model.restrictions.deny_anonymizer or more.deny_anonymizer,
        "deny_hosting": model.restrictions.deny_hosting or more.deny_hosting,
    }
    return replace(model, restrictions=Restrictions(**fields))


@many
@given(cases, worlds.code_sets)
def test_a_longer_deny_list_never_permits(case: Case, codes: frozenset[str]) -> None:
    def longer(model: Model) -> Model:
        rule = model.restrictions.region or CountryRule()
        return replace(model, restrictions=replace(model.restrictions, region=replace(rule, any_in=(rule.any_in or frozenset()) | codes)))

    stricter = {name: longer(model) for name, model in case.snapshot.catalogue.items()}
    assert case.permits() or not case.permits(catalogue=stricter)


@many
@given(cases, worlds.directives())
def test_adding_a_directive_never_permits(case: Case, order: Directive) -> None:
    assert case.permits() or not case.permits(directives=(*case.snapshot.directives, order))


@many
@given(cases, worlds.revocation_keys, worlds.revocations)
def test_adding_a_revocation_never_permits(case: Case, key: str, entry: Revocation) -> None:
    assume(key not in case.snapshot.revocations)
    assert case.permits() or not case.permits(revocations={**case.snapshot.revocations, key: entry})


@many
@given(cases)
def test_removing_grants_never_permits(case: Case) -> None:
    """What an entry tells of an organisation's owners is no permission: it may refuse, so it stays when the permission goes."""
    held = case.snapshot.grants.items()
    knowledge = {
        model: {name: Grant(valid_until=-1.0, ownership=grant.ownership) for name, grant in all_of.items()} for model, all_of in held
    }
    assert case.permits() or not case.permits(grants=knowledge)
    if all(grant.ownership is None for all_of in case.snapshot.grants.values() for grant in all_of.values()):
        assert case.permits() or not case.permits(grants={})


@many
@given(cases, worlds.some_rules)
def test_a_rule_of_a_stage_never_permits(case: Case, more: Restrictions) -> None:
    stricter = {
        name: replace(model, by_stage=(*model.by_stage, *((stage, more) for stage in Stage)))
        for name, model in case.snapshot.catalogue.items()
    }
    assert case.permits() or not case.permits(catalogue=stricter)


@many
@given(cases)
def test_a_source_that_disagrees_never_permits(case: Case) -> None:
    one, two = case.request.location, Location("IR", source="database")
    both = replace(case.request, location=replace(one, others=(*one.others, two)))
    assert case.permits() or not isinstance(decide(both, case.snapshot, case.now), Permit)


@many
@given(cases)
def test_evidence_taken_away_never_permits(case: Case) -> None:
    stripped = tuple(replace(one, verification=None) for one in case.request.subject.statements)
    subject = replace(case.request.subject, statements=stripped)
    assert case.permits() or not isinstance(decide(replace(case.request, subject=subject), case.snapshot, case.now), Permit)


@many
@given(cases, worlds.restrictions)
def test_adding_a_condition_to_a_grant_never_permits(case: Case, more: Restrictions) -> None:
    def conditioned(grant: Grant) -> Grant:
        return replace(grant, conditions=tightened(Model("m", "u", restrictions=grant.conditions), more).restrictions)

    grants = {model: {org: conditioned(grant) for org, grant in held.items()} for model, held in case.snapshot.grants.items()}
    assert case.permits() or not case.permits(grants=grants)


@many
@given(cases)
def test_suspending_denies_everybody(case: Case) -> None:
    assert not case.permits(stages={model: StageRecord(Stage.SUSPENDED) for model in worlds.MODELS})


@many
@given(cases)
def test_an_entry_that_did_not_parse_never_permits(case: Case) -> None:
    held = case.snapshot.grants.items()
    broken: dict[str, object] = {
        "grants": {model: {name: replace(grant, invalid=True) for name, grant in entries.items()} for model, entries in held},
        "directives": tuple(replace(order, invalid=True) for order in case.snapshot.directives),
        "revocations": {key: replace(entry, invalid=True) for key, entry in case.snapshot.revocations.items()},
        "stages": {model: replace(entry, invalid=True) for model, entry in case.snapshot.stages.items()},
    }
    for part, entries in broken.items():
        assert case.permits() or not case.permits(**{part: entries})


@many
@given(worlds.subjects, worlds.code_sets, st.booleans())
def test_an_unknown_never_permits_on_a_gated_model(subject: Subject, codes: frozenset[str], deny_list: bool) -> None:
    rule = CountryRule(any_in=codes) if deny_list else CountryRule(all_in=codes)
    nobody = replace(subject, organisation="org_acme", us_person=None, nationalities=UNKNOWN_NATIONALITIES, residence=None)
    for demand in (Restrictions(nationality=rule), Restrictions(residence=rule), Restrictions(region=rule), Restrictions(us_person=True)):
        model = Model("frontier", "lab", restrictions=demand)
        assert why(AccessRequest(nobody, "frontier"), policy(model, grant=Grant()))


@many
@given(cases)
def test_the_order_of_directives_never_changes_a_decision(case: Case) -> None:
    backwards = replace(case.snapshot, directives=case.snapshot.directives[::-1])
    one, other = (decide(case.request, snapshot, case.now) for snapshot in (case.snapshot, backwards))
    if isinstance(one, Permit) and isinstance(other, Permit):
        assert set(one.monitored) == set(other.monitored)
        one, other = replace(one, monitored=()), replace(other, monitored=())
    assert one == other


@many
@given(cases, worlds.instants)
def test_a_permit_holds_until_its_bounds_and_not_by_luck(case: Case, later: float) -> None:
    decision = decide(case.request, case.snapshot, case.now)
    assume(isinstance(decision, Permit))
    assert isinstance(decision, Permit)
    assert case.now.wall < decision.valid_until
    assert case.now.steady <= decision.fresh_until
    if case.now.wall <= later < decision.valid_until:
        assert isinstance(decide(case.request, case.snapshot, Instant(later, case.now.steady)), Permit)
    fresh = isinstance(decide(case.request, case.snapshot, Instant(case.now.wall, later)), Permit)
    assert fresh == (later <= decision.fresh_until)


@many
@given(cases)
def test_what_is_shown_is_what_is_permitted(case: Case) -> None:
    shown = visible_models(case.request.subject, case.request.location, case.snapshot, case.now)
    ids = [name for name, model in case.snapshot.catalogue.items() if name == model.id]
    allowed = [name for name in ids if isinstance(decide(replace(case.request, model=name), case.snapshot, case.now), Permit)]
    assert [model.id for model in shown] == allowed


@many
@given(st.text(max_size=300), worlds.subjects, worlds.snapshots(), worlds.moments)
def test_a_name_outside_the_catalogue_is_never_permitted(name: str, subject: Subject, snapshot: Snapshot, now: Instant) -> None:
    assume(name not in snapshot.catalogue)
    assert isinstance(decide(AccessRequest(subject, name), snapshot, now), Denial)
