from collections.abc import Mapping

from msgspec import structs

from gateway.policy.snapshot import Model, Snapshot, StageRecord
from gateway.policy.vocabulary import Stage
from gateway.store.assembly import Assembly
from gateway.store.draft import Changed
from gateway.store.keys import Keys
from gateway.store.resp import ServerError
from gateway.store.stored import NOTHING, Stored

LUNA = Model(id="luna", upstream="lab", aliases=("luna-latest",))
TERRA = Model(id="terra", upstream="lab")
OPEN = Model(id="open", upstream="lab", gated=False)
CATALOGUE: Mapping[str, Model] = {"luna": LUNA, "luna-latest": LUNA, "terra": TERRA, "open": OPEN}
WRONG = ServerError("WRONGTYPE it is a list")


def some(**changes: object) -> Stored:
    """One organisation may use luna; `changes` to that."""
    return structs.replace(Stored(b"7", [], [], [], {"luna": [b"org_a", b"{}"]}), **changes)


def assembly() -> Assembly:
    return Assembly(Keys(), CATALOGUE, frozenset)


def take(taken: Assembly, stored: Stored) -> Changed:
    steps = taken.take(stored)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            changed: Changed = end.value
            return changed


def snapshot(stored: Stored) -> Snapshot:
    taken = assembly()
    take(taken, stored)
    return taken.snapshot(1.0, 60.0)


def step(after: Stored) -> Changed:
    """What a change from `some()` touches."""
    taken = assembly()
    take(taken, some())
    return take(taken, after)


def test_nothing_stored_is_uninitialised() -> None:
    empty = snapshot(NOTHING)
    assert not empty.initialised
    assert empty.catalogue is CATALOGUE
    assert not any(empty.grants.values())


def test_an_empty_policy_with_a_revision_is_initialised() -> None:
    assert snapshot(structs.replace(NOTHING, revision=b"0")).initialised


def test_a_snapshot_holds_what_is_stored() -> None:
    seen = snapshot(some())
    assert (seen.revision, seen.confirmed_at, seen.max_staleness) == (7, 1.0, 60.0)
    assert seen.grants["luna"].keys() == {"org_a"}
    assert seen.invalid == ()


def test_a_grant_touches_its_model() -> None:
    assert step(some(allowlists={"luna": [], "terra": []})) == frozenset({"luna"})


def test_a_stage_touches_its_model() -> None:
    assert step(some(models=[b"terra", b'{"stage":"general"}'])) == frozenset({"terra"})


def test_the_revision_alone_touches_nothing() -> None:
    assert step(some(revision=b"8")) == frozenset()


def test_a_directive_touches_the_models_it_names_by_whatever_name() -> None:
    assert step(some(directives=[b"d", b'{"models":["luna-latest"]}'])) == frozenset({"luna"})


def test_a_directive_that_moves_touches_what_it_covered_too() -> None:
    taken = assembly()
    take(taken, some(directives=[b"d", b'{"models":["luna"]}']))
    assert take(taken, some(directives=[b"d", b'{"models":["terra"]}'])) == frozenset({"luna", "terra"})


def test_a_directive_on_every_gated_model_touches_all() -> None:
    assert step(some(directives=[b"d", b"{}"])) is None


def test_a_revocation_touches_all() -> None:
    assert step(some(revocations=[b"org:a", b"{}"])) is None


def test_a_wiped_store_touches_all() -> None:
    assert step(NOTHING) is None


def test_a_directive_is_resolved_to_ids() -> None:
    (directive,) = snapshot(some(directives=[b"d", b'{"models":["luna-latest"]}'])).directives
    assert directive.models == frozenset({"luna"})
    (directive,) = snapshot(some(directives=[b"d", b'{"except_organisations":["a"],"except_models":["luna-latest"]}'])).directives
    assert (directive.models, directive.except_models) == (None, frozenset({"luna"}))


def test_a_directive_on_an_unknown_model_is_shown() -> None:
    (problem,) = snapshot(some(directives=[b"d", b'{"models":["lunna","luna"]}'])).invalid
    assert (problem.field, problem.problem) == ("d", "names a model that is not in the catalogue: 'lunna'")


def test_a_stage_under_an_alias_suspends_the_model_and_is_shown() -> None:
    seen = snapshot(some(models=[b"luna-latest", b'{"stage":"general"}', b"luna", b'{"stage":"general"}']))
    assert seen.stages["luna"] == StageRecord(Stage.SUSPENDED, invalid=True)
    assert [entry.field for entry in seen.invalid] == ["luna-latest"]


def test_unreadable_stages_suspend_every_model() -> None:
    seen = snapshot(some(models=WRONG))
    assert {name: record.stage for name, record in seen.stages.items()} == dict.fromkeys(("luna", "terra", "open"), Stage.SUSPENDED)
    assert seen.initialised


def test_unreadable_directives_suspend_every_gated_model() -> None:
    (directive,) = snapshot(some(directives=WRONG)).directives
    assert directive.invalid
    assert directive.models is None


def test_unreadable_revocations_suspend_every_model() -> None:
    (directive,) = snapshot(some(revocations=WRONG)).directives
    assert directive.invalid
    assert directive.models == frozenset({"luna", "terra", "open"})


def test_an_unreadable_allowlist_admits_nobody() -> None:
    seen = snapshot(some(allowlists={"luna": WRONG}))
    assert seen.grants["luna"] == {}
    assert [entry.key for entry in seen.invalid] == ["gateway:allowlist:luna"]


def test_a_revocation_of_nothing_is_shown() -> None:
    (problem,) = snapshot(some(revocations=[b"user:7", b"{}"])).invalid
    assert "begins with jti:, sub: or org:" in problem.problem


def test_an_unreadable_revision_is_shown() -> None:
    assert [entry.key for entry in snapshot(some(revision=b"seven")).invalid] == ["gateway:revision"]


def test_the_digest_follows_the_content_and_not_its_order() -> None:
    one = some(allowlists={"luna": [b"a", b"{}", b"b", b"{}"]})
    other = some(revision=b"9", allowlists={"luna": [b"b", b"{}", b"a", b"{}"]})
    assert snapshot(one).digest == snapshot(other).digest
    assert len({snapshot(stored).digest for stored in (one, some(), NOTHING, some(models=WRONG))}) == 4


def test_the_digest_covers_the_catalogue() -> None:
    narrower = Assembly(Keys(), {"luna": LUNA}, frozenset)
    take(narrower, some())
    assert narrower.snapshot(1.0, 60.0).digest != snapshot(some()).digest


def test_a_share_that_a_grant_says_is_noticed_and_forgotten() -> None:
    taken = assembly()
    limited = [b"org_a", b"{}", b"org_b", b'{"limits":{"concurrent":2}}']
    for grants, shared in (
        (limited, True),
        ([*limited[:2], b"org_c", limited[3]], True),
        (limited[:2], False),
        (limited, True),
        ([], False),
    ):
        take(taken, some(allowlists={"luna": grants}))
        assert taken.snapshot(1.0, 60.0).shared_out is shared
