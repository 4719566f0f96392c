"""One directive in the place of others leaves no gap, and says what it leaves free and whom it does not free."""

import pytest

from gateway.admin.succession import demand_no_gap, replacing_notes
from gateway.errors import CommandError
from gateway.policy.directive import Directive
from gateway.policy.snapshot import Model


def test_a_replacement_says_whom_it_misses_and_what_it_leaves_free() -> None:
    models = [Model(name, "main") for name in ("a", "b")]
    both, one, every = Directive("d-1", models=frozenset({"a", "b"})), Directive("d-2", models=frozenset({"a"})), Directive("d-3")
    assert replacing_notes(one, ("d-1",), {"d-1": both}, models) == ["no directive in force or to come covers b any more"]
    assert replacing_notes(one, ("d-1",), {"d-1": both, "d-3": every}, models) == []
    assert replacing_notes(one, (), {"d-2": both}, models) == ["no directive in force or to come covers b any more"], (
        "one with its own id is replaced too"
    )
    annex = Directive("d-4", models=frozenset({"a", "b"}), except_organisations=frozenset({"org_acme"}), except_models=frozenset({"a"}))
    (note,) = replacing_notes(annex, (), {"d-1": both}, models)
    assert note == "d-1 still binds organisations that d-4 excepts, on a: supersede or lift it"
    assert replacing_notes(annex, ("d-1",), {"d-1": both}, models) == []
    (missing,) = replacing_notes(one, ("d-9",), {"d-1": both}, models)
    assert missing.startswith("d-9 is not applied")


def test_an_order_that_is_only_counted_covers_nothing() -> None:
    models, order = [Model("a", "main")], Directive("d-1")
    rehearsed = Directive("d-1", enforce=False)
    assert replacing_notes(rehearsed, (), {"d-1": order}, models) == ["no directive in force or to come covers a any more"]
    assert replacing_notes(order, (), {"d-1": rehearsed}, models) == []


def test_what_comes_later_does_not_take_the_place_of_what_binds_now() -> None:
    later, stored = Directive("d-2", valid_from=50), {"d-1": Directive("d-1"), "d-2": Directive("d-2", enforce=False)}
    with pytest.raises(CommandError, match="would take the place of d-1 at once: until then nobody would be bound"):
        demand_no_gap(later, ("d-1",), stored, 10)
    demand_no_gap(later, (), stored, 10)
    demand_no_gap(later, ("d-1",), stored, 50)
    demand_no_gap(later, ("d-1",), {"d-1": Directive("d-1", valid_until=10)}, 10)
    with pytest.raises(CommandError, match="place of d-2"):
        demand_no_gap(later, (), {"d-2": Directive("d-2", invalid=True)}, 10)
