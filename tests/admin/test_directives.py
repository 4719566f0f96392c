from typing import Any

import pytest
from msgspec import structs

from gateway.admin.directives import directive_rows, lift_directive
from gateway.admin.impact import impact_rows, totals, unbound_notes
from gateway.errors import CommandError
from gateway.policy.directive import Directive
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.snapshot import Grant, InvalidEntry, Model, Snapshot
from gateway.policy.vocabulary import Effect

MODEL = Model(id="frontier-1", upstream="main")
GRANTS = {"frontier-1": {"org_acme": Grant(), "org_beta": Grant(covers_foreign_persons=True), "org_gone": Grant(valid_until=5)}}
POLICY = Snapshot(catalogue={"frontier-1": MODEL}, grants=GRANTS)
FOREIGN = Directive("d", effect=Effect.RESTRICT, rule=Restrictions(us_person=True))


def effects(directive: Directive) -> dict[str, str]:
    return {row["organisation"]: row["effect"] for row in impact_rows(directive, POLICY, (), now=10)}


def test_rows_say_when_a_directive_holds() -> None:
    orders = (Directive("a", valid_from=20), Directive("b", valid_until=5), Directive("c", enforce=False), Directive("d", invalid=True))
    rows = directive_rows(Snapshot(directives=orders, invalid=(InvalidEntry("gateway:directives", "d", "not JSON"),)), now=10)
    assert [row["state"] for row in rows] == ["not yet", "over", "in force", "invalid"]
    assert [row["mode"] for row in rows] == ["enforce", "enforce", "monitor", "enforce"]
    assert rows[3]["problem"] == "not JSON"


def test_a_suspension_refuses_all_but_those_excepted() -> None:
    assert set(effects(Directive("d")).values()) == {"all refused"}
    annex = Directive("d", except_organisations=frozenset({"org_acme"}))
    assert effects(annex)["org_acme"] == "untouched"
    elsewhere = Directive("d", except_organisations=frozenset({"org_acme"}), except_models=frozenset({"other"}))
    assert effects(elsewhere)["org_acme"] == "all refused"


def test_a_restriction_asks_persons_and_spares_whom_a_grant_covers() -> None:
    assert effects(FOREIGN) == {"org_acme": "each asked", "org_beta": "untouched", "org_gone": "each asked"}
    lapsed = structs.replace(POLICY, grants={"frontier-1": {"org_beta": Grant(covers_foreign_persons=True, valid_until=5)}})
    assert [row["effect"] for row in impact_rows(FOREIGN, lapsed, (), now=10)] == ["each asked"], "a grant that is over covers nobody"
    region = Directive("d", effect=Effect.RESTRICT, rule=Restrictions(region=CountryRule(any_in=frozenset({"KP"}))))
    assert effects(region)["org_beta"] == "each asked"
    bound = Directive("d", except_organisations=frozenset({"org_acme"}), binds_foreign_nationals=True)
    assert effects(bound)["org_acme"] == "foreign nationals asked"


def test_whom_an_older_letter_frees_is_named() -> None:
    said = "rules on persons do not bind whom grants cover as foreign persons: org_beta on frontier-1"
    assert unbound_notes(FOREIGN, POLICY, 10) == [said]
    annex = structs.replace(FOREIGN, except_organisations=frozenset({"org_beta"}))
    assert unbound_notes(annex, POLICY, 10) == []
    assert unbound_notes(structs.replace(annex, binds_foreign_nationals=True), POLICY, 10) == [said]
    assert unbound_notes(Directive("d"), POLICY, 10) == []
    many = {"frontier-1": {f"org_{number}": Grant(covers_foreign_persons=True) for number in range(10)}}
    assert unbound_notes(FOREIGN, structs.replace(POLICY, grants=many), 10)[0].endswith("org_7 on frontier-1 and 2 more")


def test_streams_are_added_up_over_the_workers_that_counted() -> None:
    reports: list[dict[str, Any]] = [
        {"running": [{"model": "frontier-1", "organisation": "org_acme", "streams": 3, "would_cut": {"d": 2}}], "monitored": ["d"]},
        {"running": [{"model": "frontier-1", "organisation": "org_acme", "streams": 4, "would_cut": {"d": 1}}], "monitored": ["d"]},
        {"running": [{"model": "other", "organisation": "org_acme", "streams": 9}]},
        {},
    ]
    rows = impact_rows(FOREIGN, POLICY, reports, now=10)
    assert [(row["organisation"], row["grant"], row["streams"], row["cut"]) for row in rows] == [
        ("org_acme", "in force", 7, 3),
        ("org_beta", "in force", 0, None),
        ("org_gone", "expired", 0, None),
    ]
    assert totals(rows) == {"all refused": 0, "each asked": 2, "foreign nationals asked": 0, "untouched": 1, "streams": 7, "cut": 3}


def test_lifting_needs_a_name() -> None:
    for name, reason in (("", ""), ("a\n", ""), ("a", "x\n")):
        with pytest.raises(CommandError):
            lift_directive(name, reason=reason)
