from typing import Any

import pytest

from gateway.admin.roster import agree, demand_terms, limited_rows, worker_rows
from gateway.errors import CommandError
from gateway.store.report import Report, Step, encode_report

NOW = 1_767_225_700.0


def told(
    *, silent: float = 1.0, revision: int = 7, digest: str = "d", steps: tuple[Step, ...] = (), through: float | None = None, **more: Any
) -> str:
    report = Report(
        worker="w0",
        host="gate",
        pid=9,
        version="1",
        started_at=NOW - 100,
        reported_at=NOW - silent,
        expires_after=70.0,
        up=True,
        revision=revision,
        digest=digest,
        through=through,
        streams=4,
        steps=steps,
        **more,
    )
    return encode_report(report).decode()


def test_a_worker_is_live_silent_or_gone_by_its_last_report() -> None:
    entries = {"a": told(silent=2.0), "b": told(silent=20.0), "c": told(silent=71.0), "d": "{", "e": told(silent=-3.0)}
    rows = worker_rows(entries, NOW, 7)
    assert [(row["worker"], row["state"]) for row in rows] == [
        ("a", "live"),
        ("b", "silent"),
        ("c", "gone"),
        ("d", "unreadable"),
        ("e", "live"),
    ]
    assert rows[4]["reported_s"] == 0.0


def test_it_is_said_how_far_behind_and_how_fresh_it_is() -> None:
    step = Step(revision=5, follows=4, applied_at=NOW - 60, applied_seconds=0.0012, cut=2, last_cut_at=NOW - 61)
    (row,) = worker_rows({"a": told(revision=5, steps=(step,), through=NOW - 1.5)}, NOW, 7)
    assert (row["behind"], row["fresh_s"], row["streams"], row["cut"], row["applied_ms"]) == (2, 1.5, 4, 2, 1.2)
    assert (row["applied_at"], row["last_cut_at"]) == ("2026-01-01T00:00:40Z", "2026-01-01T00:00:39Z")
    (fresh,) = worker_rows({"a": told()}, NOW, 7)
    assert fresh["fresh_s"] is fresh["applied_at"] is fresh["cut"] is None


def test_workers_agree_where_all_that_live_have_one_policy() -> None:
    assert agree(worker_rows({"a": told(), "b": told(), "c": told(silent=50, revision=2)}, NOW, 7)) is True
    assert agree(worker_rows({"a": told(), "b": told(digest="other")}, NOW, 7)) is False
    assert agree(worker_rows({"c": told(silent=50)}, NOW, 7)) is None


def test_who_reached_a_share_is_added_up_over_the_workers_the_most_refused_first() -> None:
    acme = {"model": "luna", "organisation": "acme", "refused": 3, "requests": 10, "per": 1.0, "concurrent": 0}
    beta = acme | {"organisation": "beta", "refused": 4}
    entries = {"a": told(tally={"limited": [acme, beta]}), "b": told(tally={"limited": [acme]}), "c": told(), "d": "{"}
    assert limited_rows(entries) == [acme | {"refused": 6}, beta]


def test_what_another_version_tells_of_shares_is_passed_over() -> None:
    entries = {"a": told(tally={"limited": [{"model": "luna"}, 3]}), "b": told(tally={"limited": 3})}
    assert limited_rows(entries) == []


def test_who_lives_under_other_terms_is_named_and_who_does_not_say_is_passed_over() -> None:
    same = {"a": told(tally={"terms": "x"}), "old": told(), "gone": told(silent=50, tally={"terms": "y"}), "bad": "{"}
    demand_terms(same, NOW, "x")
    with pytest.raises(CommandError, match="the settings of b ask for other sign-offs or approvals"):
        demand_terms(same | {"b": told(tally={"terms": "y"})}, NOW, "x")
