"""No command that passes without a second operator permits what was refused: looked for in policies that one change may open."""

import json
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from policy import strategies as worlds

from gateway.admin.commands import AddPartner, Command, ImportPartners, RemovePartner, SetStage
from gateway.admin.directives import ApplyDirective, LiftDirective
from gateway.admin.edits import edits_of
from gateway.admin.revocations import LiftRevocation, Revoke
from gateway.admin.widening import widens
from gateway.policy.access import AccessRequest, Instant, Location, Nationalities, Subject
from gateway.policy.decide import decide
from gateway.policy.decision import Permit
from gateway.policy.directive import Directive
from gateway.policy.ownership import OwnershipRule, ownership
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Model, Snapshot, StageRecord
from gateway.policy.vocabulary import Effect, Stage
from gateway.store.codec import decode_directive, decode_grant, decode_revocation, decode_stage
from gateway.store.document import write_time
from gateway.store.edit import Edit
from gateway.store.keys import Keys
from gateway.store.spelling import encode_directive

KEYS: Final = Keys()
OWNERS: Final = OwnershipRule(frozenset({"IR"}), 25.0)
FRENCH: Final = ownership([("FR", 100.0)])
IRANIAN: Final = ownership([("IR", 50.0)])
MODEL: Final = Model("frontier", "lab", stage=Stage.GENERAL)

suspensions = st.builds(Directive, st.just("d0"), models=st.none() | st.just(frozenset({"frontier"})))
rules = st.sampled_from((Restrictions(us_person=True), Restrictions(nationality=CountryRule(any_in=frozenset({"FR"})))))
restrictions = st.builds(Directive, st.just("d0"), st.just(Effect.RESTRICT), rule=rules)
orders = st.builds(
    lambda order, freed, until, enforce: structs.replace(order, except_organisations=freed, valid_until=until, enforce=enforce),
    suspensions | restrictions,
    worlds.seldom(st.just(frozenset({"org_acme"})), frozenset()),
    worlds.seldom(worlds.instants, float("inf")),
    worlds.yes,
)
held = st.builds(
    Snapshot,
    catalogue=st.sampled_from((None, OWNERS)).map(
        lambda rule: {"frontier": structs.replace(MODEL, restrictions=Restrictions(ownership=rule))}
    ),
    stages=worlds.seldom(st.sampled_from(Stage), Stage.GENERAL).map(lambda stage: {"frontier": StageRecord(stage)}),
    grants=st.sampled_from(({}, {"org_acme": Grant()}, {"org_acme": Grant(ownership=IRANIAN)})).map(lambda held: {"frontier": held}),
    directives=st.just(()) | orders.map(lambda order: (order,)),
    revocations=worlds.seldom(worlds.revocations.map(lambda entry: {"org:org_acme": entry}), {}),
    initialised=st.just(value=True),
    confirmed_at=st.just(0.0),
    max_staleness=st.just(60.0),
)
callers = st.builds(
    lambda us_person: Subject("idp", "s1", "org_acme", None, us_person, Nationalities(("FR",), unknown=False), ownership=FRENCH),
    worlds.tristate,
)
entries: st.SearchStrategy[dict[str, object]] = orders.map(lambda order: json.loads(encode_directive(order)))
rehearsals = entries.map(lambda entry: entry | {"mode": "monitor"})
ends: st.SearchStrategy[dict[str, object]] = st.just({}) | worlds.instants.map(lambda until: {"until": write_time(until)})
names = st.sampled_from(("d0", "d1"))
keys = st.sampled_from(("org:org_acme", "sub:idp/s1"))
removals = st.just(RemovePartner("frontier", "org_acme"))
commands: st.SearchStrategy[Command] = st.one_of(
    removals,
    removals.map(lambda removal: ImportPartners((removal,))),
    st.builds(ApplyDirective, names, entries),
    st.builds(ApplyDirective, st.just("new"), entries | rehearsals, st.sampled_from(((), ("d0",)))),
    st.builds(LiftDirective, names),
    st.builds(Revoke, keys, ends),
    st.builds(LiftRevocation, keys),
    st.sampled_from(Stage).map(lambda stage: SetStage("frontier", stage, {"stage": stage.value})),
    st.just(AddPartner("frontier", "org_acme", {})),
)


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(held, callers, commands)
def test_no_command_that_counts_as_narrowing_ever_permits(snapshot: Snapshot, caller: Subject, command: Command) -> None:
    if widens(command, snapshot, 0.0):
        return
    after, request = changed(snapshot, command), AccessRequest(caller, "frontier", Location("FR", anonymizer=False, hosting=False))
    for wall in range(0, 10, 3):
        now = Instant(float(wall), 0.0)
        assert isinstance(decide(request, snapshot, now), Permit) or not isinstance(decide(request, after, now), Permit)


def changed(snapshot: Snapshot, command: Command) -> Snapshot:
    """The policy after the command, by the very edits that would be written."""
    grants: dict[str, dict[str, Any]] = {model: dict(held) for model, held in snapshot.grants.items()}
    tables: dict[str, dict[str, Any]] = {
        KEYS.models: dict(snapshot.stages),
        KEYS.directives: {order.id: order for order in snapshot.directives},
        KEYS.revocations: dict(snapshot.revocations),
        **{KEYS.allowlist(model): held for model, held in grants.items()},
    }
    for edit in edits_of(command, KEYS):
        tables[edit.key].pop(edit.field, None)
        if edit.after is not None:
            tables[edit.key][edit.field] = decoded(edit)
    return structs.replace(
        snapshot,
        grants=grants,
        directives=tuple(tables[KEYS.directives].values()),
        stages=tables[KEYS.models],
        revocations=tables[KEYS.revocations],
    )


def decoded(edit: Edit) -> object:
    raw = edit.after or b""
    if edit.key == KEYS.models:
        return decode_stage(raw)[0]
    if edit.key == KEYS.directives:
        return decode_directive(edit.field, raw, frozenset)[0]
    return decode_revocation(raw)[0] if edit.key == KEYS.revocations else decode_grant(raw, frozenset)[0]
