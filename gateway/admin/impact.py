"""Whom a directive would touch: counts by model and organisation, no attribute of anybody; pure.

An allowlist tells organisations, not persons: so of a restriction it can only be said that it *asks* each person of an organisation, of a
suspension that it refuses them all. What it does to streams that run is counted by the workers while it is in monitor mode.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.admin.inventory import grant_state
from gateway.policy.directive import Directive
from gateway.policy.enforcement import covering, excepts
from gateway.policy.grant import PERSONS, waivers
from gateway.policy.snapshot import Grant, Model, Snapshot
from gateway.policy.vocabulary import Effect
from gateway.store.report import decode_report

Row = dict[str, Any]

IN_FORCE: Final = "in force"
SHOWN: Final = 8
REFUSED, ASKED, ASKED_PERSONS, FREE = "all refused", "each asked", "foreign nationals asked", "untouched"


def impact_rows(directive: Directive, snapshot: Snapshot, streams: Iterable[Mapping[str, Any]], now: float) -> list[Row]:
    """A row for each organisation on an allowlist, or with streams, of each model covered; `streams` is what the workers report.

    `streams` and `cut` are counts of exchanges under way and of those that the directive would end, None where no worker has counted
    (the directive is not stored in monitor mode).
    """
    covered = {model.id: model for model in snapshot.catalogue.values() if covering(model, (directive,))}
    running = _running(streams, directive.id)
    names = {(model, org) for model in covered for org in snapshot.grants.get(model, {})}
    names |= {pair for pair in running if pair[0] in covered}
    return [_row(directive, covered[model], org, snapshot, running.get((model, org)), now) for model, org in sorted(names)]


def totals(rows: Iterable[Row]) -> Row:
    """Add the rows up: organisations by what happens to them, streams, and streams cut."""
    listed = list(rows)
    outcomes = {name: sum(row["effect"] == name for row in listed) for name in (REFUSED, ASKED, ASKED_PERSONS, FREE)}
    counted = [row["cut"] for row in listed if row["cut"] is not None]
    return outcomes | {"streams": sum(row["streams"] for row in listed), "cut": sum(counted) if counted else None}


def _row(directive: Directive, model: Model, org: str, snapshot: Snapshot, running: tuple[int, int | None] | None, now: float) -> Row:
    grant = snapshot.grants.get(model.id, {}).get(org)
    streams, cut = running or (0, None)
    state = grant_state(grant, now) if grant is not None else "none"
    return {
        "model": model.id,
        "organisation": org,
        "grant": state,
        "effect": _effect(directive, model, org, grant if state == IN_FORCE else None),
        "streams": streams,
        "cut": cut,
    }


def unbound_notes(directive: Directive, snapshot: Snapshot, now: float) -> list[str]:
    """Name the grants in force that cover foreign persons, whom the directive so does not bind: an older letter may be behind them."""
    rule = directive.rule
    if not directive.binds_foreign_nationals and not any((rule.us_person, rule.nationality, rule.most_recent, rule.residence)):
        return []
    covered = {model.id: model for model in snapshot.catalogue.values() if covering(model, (directive,))}
    named = sorted(
        f"{org} on {name}"
        for name, model in covered.items()
        for org, grant in snapshot.grants.get(name, {}).items()
        if grant.covers_foreign_persons and grant_state(grant, now) == IN_FORCE
        if directive.binds_foreign_nationals or not excepts(directive, model, org)
    )
    listed = ", ".join(named[:SHOWN]) + (f" and {len(named) - SHOWN} more" if len(named) > SHOWN else "")
    return [f"rules on persons do not bind whom grants cover as foreign persons: {listed}"] if named else []


def _effect(directive: Directive, model: Model, org: str, grant: Grant | None) -> str:
    """Say what happens to an organisation; `grant` is the one that holds."""
    excepted = excepts(directive, model, org) and not directive.invalid
    if excepted and not directive.binds_foreign_nationals:
        return FREE
    if directive.invalid or (directive.effect is Effect.SUSPEND and not excepted):
        return REFUSED
    waived = waivers(grant) if grant is not None else frozenset()
    return _asked(directive, waived >= PERSONS, excepted=excepted)


def _asked(directive: Directive, persons_waived: bool, *, excepted: bool) -> str:
    rule = directive.rule
    beyond = any((rule.region, rule.ownership, rule.deny_anonymizer, rule.deny_hosting)) and not excepted
    if persons_waived and not beyond:
        return FREE
    return ASKED if beyond or not excepted else ASKED_PERSONS


def _running(reports: Iterable[Mapping[str, Any]], directive: str) -> dict[tuple[str, str], tuple[int, int | None]]:
    found: dict[tuple[str, str], tuple[int, int | None]] = {}
    for report in reports:
        looked = directive in report.get("monitored", ())
        for one in report.get("running", ()):
            pair = (one["model"], one["organisation"])
            streams, cut = found.get(pair, (0, None))
            found[pair] = streams + one["streams"], (cut or 0) + one.get("would_cut", {}).get(directive, 0) if looked else cut
    return found


def reported(replicas: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Read what workers say of their streams; an entry that cannot be read says nothing."""
    found: list[Mapping[str, Any]] = []
    for raw in replicas.values():
        report = decode_report(raw)
        if report is not None:
            found.append(report.tally)
    return found
