"""Whatever permits what was refused before counts as widening, so that it cannot pass without a second operator."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gateway.admin.commands import AddPartner, ImportPartners, RemovePartner, SetStage
from gateway.admin.directives import ApplyDirective, LiftDirective
from gateway.admin.revocations import LiftRevocation, Revoke
from gateway.admin.stages import stored
from gateway.admin.widening import always_narrows, entry_widens, widens
from gateway.policy.access import AccessRequest, Instant, Nationalities, Subject
from gateway.policy.decide import decide
from gateway.policy.decision import Permit
from gateway.policy.directive import Directive
from gateway.policy.ownership import ownership
from gateway.policy.share import Share
from gateway.policy.snapshot import Grant, Model, Revocation, Snapshot, StageRecord
from gateway.policy.vocabulary import Stage

NOW = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
MODEL = Model(id="frontier-1", upstream="main")
GRANTS = {"frontier-1": {"org_partner": Grant(), "org_institute": Grant(evaluator=True)}}
INSTANTS = [NOW + seconds for seconds in (0, 30, 60, 90, 120, 150)]

records = st.builds(
    StageRecord,
    st.sampled_from(Stage),
    next_stage=st.none() | st.sampled_from(Stage),
    next_from=st.sampled_from((NOW - 60, NOW + 60, NOW + 120)),
)


def policy(**parts: object) -> Snapshot:
    fields = {"catalogue": {"frontier-1": MODEL}, "grants": GRANTS, "initialised": True, "confirmed_at": 0.0, "max_staleness": 60.0}
    return Snapshot(**{**fields, **parts})  # type: ignore[arg-type]


def permits(snapshot: Snapshot, organisation: str, wall: float) -> bool:
    subject = Subject("idp", "someone", organisation, nationalities=Nationalities(("DE",), unknown=False))
    return isinstance(decide(AccessRequest(subject, "frontier-1"), snapshot, Instant(wall, 0.0)), Permit)


@given(st.none() | records, records)
def test_a_stage_that_ever_permits_more_counts_as_widening(before: StageRecord | None, after: StageRecord) -> None:
    old = policy(stages={} if before is None else {"frontier-1": before})
    new = policy(stages={"frontier-1": after})
    more = any(
        permits(new, who, at) and not permits(old, who, at) for who in ("org_partner", "org_institute", "org_stranger") for at in INSTANTS
    )
    assert widens(SetStage("frontier-1", after.stage, stored(after)), old, NOW) is more


def test_grants_and_liftings_widen_and_their_opposites_do_not() -> None:
    snapshot = policy(directives=(Directive("d-1"),), revocations={"org:a": Revocation(until=NOW + 60), "org:b": Revocation()})
    grant = AddPartner("frontier-1", "org_new", {})
    removal = RemovePartner("frontier-1", "org_partner")
    known = Grant(ownership=ownership([("DE", 60.0)]))
    released = policy(stages={"frontier-1": StageRecord(Stage.GENERAL)}, grants={"frontier-1": {"org_partner": known}})
    assert widens(removal, released, NOW), "what is known of its owners goes with the entry"
    assert not widens(removal, policy(grants={"frontier-1": {"org_partner": known}}), NOW)
    narrow = structs.replace(released, grants={"frontier-1": {"org_partner": Grant(share=Share(concurrent=1))}})
    assert widens(removal, narrow, NOW), "a share of its own goes with the entry, and the model's may be wider"
    widening = (
        grant,
        ImportPartners((removal, grant)),
        LiftDirective("d-1"),
        LiftRevocation("org:a"),
        ApplyDirective("d-1", {}),
        ApplyDirective("d-2", {}, ("d-1",)),
        Revoke("org:b", {"until": "2030-01-01T00:00:00Z"}),
    )
    rehearsed = policy(directives=(Directive("d-1", enforce=False), Directive("d-2", valid_until=NOW), Directive("d-3", invalid=True)))
    assert not any(widens(command, rehearsed, NOW) for command in (LiftDirective("d-1"), ApplyDirective("d-1", {}), LiftDirective("d-2")))
    assert widens(LiftDirective("d-3"), rehearsed, NOW)
    narrowing = (
        removal,
        ImportPartners((removal,)),
        ApplyDirective("d-2", {}),
        Revoke("org:a", {}),
        Revoke("org:c", {"until": "2030-01-01T00:00:00Z"}),
    )
    assert all(widens(command, snapshot, NOW) for command in widening)
    assert not any(widens(command, snapshot, NOW) for command in narrowing)
    assert not any(always_narrows(command) for command in widening)
    assert always_narrows(removal)
    assert always_narrows(Revoke("org:a", {}))


ENTRIES = {
    ("grant.put", "", "{}"): True,
    ("grant.remove", "{}", ""): False,
    ("directive.put", "", "{}"): False,
    ("directive.put", "{}", '{"mode":"monitor"}'): True,
    ("directive.put", '{"mode":"monitor"}', "{}"): False,
    ("directive.put", "nonsense", "{}"): True,
    ("directive.remove", "{}", ""): True,
    ("directive.remove", '{"until":5}', ""): False,
    ("directive.supersede", "{}", ""): True,
    ("revocation.put", "", "{}"): False,
    ("revocation.put", "{}", '{"until":5}'): True,
    ("revocation.put", '{"until":5}', "{}"): False,
    ("revocation.remove", "{}", ""): True,
    ("stage.put", "", '{"stage":"evaluation"}'): False,
    ("stage.put", "", '{"stage":"preview"}'): True,
    ("stage.put", '{"stage":"preview"}', '{"stage":"preview","next":{"stage":"general","from":2000000000}}'): True,
    ("stage.put", '{"stage":"preview"}', '{"stage":"preview","signoffs":[{"agency":"a","stage":"general","authority":"x"}]}'): False,
    ("change.propose", "", "{}"): False,
}


def test_an_entry_of_the_record_says_whether_it_may_have_widened() -> None:
    for (what, before, after), expected in ENTRIES.items():
        entry = {"id": "1000000000000-0", "what": what, "field": "frontier-1", "before": before, "after": after}
        assert entry_widens(entry, {"frontier-1": Stage.EVALUATION}) is expected, (what, before, after)
