"""The checker itself: it finds what must not be, and nothing else."""

from array import array

import pytest
from support.checker import Ending, Fault, ProbeLog, StreamLog, check
from support.ledger import Bound, Key, Ledger, Outage

KEY: Key = ("org_x", "frontier-1")
UNGATED: Key = ("org_x", "open-1")
BOUND = Bound(reachable=1.0, unreachable=3.0, recovery=2.0, patience=2.0)
REMOVED_AT = 100.0


def told(*outages: Outage, key: Key = KEY) -> Ledger:
    """Permitted from the beginning, removed at 100."""
    ledger = Ledger([KEY[1]], BOUND)
    ledger.note(key, permitted=True, sent=0.0, acked=0.1)
    ledger.note(key, permitted=False, sent=REMOVED_AT, acked=REMOVED_AT + 0.1)
    ledger.outages += outages
    return ledger


def stream(last: float, ending: Ending | None = Ending.TOLD, key: Key = KEY, first: float = 50.0) -> StreamLog:
    """One event every half second until `last`."""
    arrivals = array("d", [first + step / 2 for step in range(int(2 * (last - first)) + 1)])
    return StreamLog(key, first, arrivals, status=200, ended_at=last if ending else 0.0, ending=ending)


def found(ledger: Ledger, *logs: StreamLog | ProbeLog, now: float = 200.0) -> set[Fault]:
    streams = [log for log in logs if isinstance(log, StreamLog)]
    probes = [log for log in logs if isinstance(log, ProbeLog)]
    return {violation.fault for violation in check(ledger, streams, probes, now)}


def probe(at: float, status: int, key: Key = KEY) -> ProbeLog:
    return ProbeLog(key, at, at + 0.01, status)


@pytest.mark.parametrize(
    ("log", "fault"),
    [
        (stream(102.0), Fault.LATE_BYTE),
        (stream(100.5, Ending.CLEAN), Fault.CLEAN_END),
        (stream(80.0), Fault.NEEDLESS_CUT),
        (stream(80.0, ending=None), Fault.STALL),
        (probe(101.5, 200), Fault.LATE_ALLOW),
        (probe(99.0, 403), Fault.NEEDLESS_REFUSAL),
        (probe(99.0, 502), Fault.NEEDLESS_REFUSAL),
        (probe(99.0, 0), Fault.UNANSWERED),
        (StreamLog(KEY, 50.0, array("d", [50.0]), status=403, ended_at=50.0, ending=Ending.BROKEN), Fault.NEEDLESS_REFUSAL),
    ],
)
def test_what_must_not_be_is_found(log: StreamLog | ProbeLog, fault: Fault) -> None:
    assert found(told(), log) == {fault}


@pytest.mark.parametrize(
    "log",
    [
        stream(100.5),
        stream(101.0, Ending.BROKEN),
        stream(80.0, Ending.LEFT),
        probe(100.5, 200),
        probe(100.05, 403),
        probe(150.0, 403),
        probe(99.0, 200),
    ],
)
def test_what_may_be_is_not(log: StreamLog | ProbeLog) -> None:
    assert found(told(), log) == set()


def test_a_stream_that_runs_on_is_found_before_it_ends() -> None:
    assert found(told(), stream(102.0, ending=None), now=102.1) == {Fault.LATE_BYTE}


def test_who_comes_back_before_the_bound_may_never_have_been_cut() -> None:
    ledger = told()
    ledger.note(KEY, permitted=True, sent=100.5, acked=100.6)
    assert found(ledger, stream(120.0, ending=None), probe(100.9, 403), probe(110.0, 200), now=120.1) == set()
    assert found(ledger, probe(110.0, 403)) == {Fault.NEEDLESS_REFUSAL}


def test_without_the_store_the_longer_bound_holds() -> None:
    away = Outage(99.0, 130.0)
    assert found(told(away), stream(101.9)) == set()
    assert found(told(away), stream(103.5)) == {Fault.LATE_BYTE}


def test_without_the_store_nobody_is_served_for_ever() -> None:
    ledger = Ledger([KEY[1]], BOUND)
    ledger.note(KEY, permitted=True, sent=0.0, acked=0.1)
    ledger.note(UNGATED, permitted=True, sent=0.0, acked=0.1)
    ledger.outages.append(Outage(99.0, 110.0))
    assert found(ledger, probe(103.0, 200), probe(103.0, 200, UNGATED)) == {Fault.LATE_ALLOW}
    assert found(ledger, probe(100.0, 503)) == {Fault.NEEDLESS_REFUSAL}, "too early"
    assert found(ledger, probe(101.5, 503), probe(111.5, 503)) == set()
    assert found(ledger, probe(112.5, 503)) == {Fault.NEEDLESS_REFUSAL}, "too long after"
    assert found(ledger, probe(103.0, 503, UNGATED)) == {Fault.NEEDLESS_REFUSAL}, "needs no confirmation"


def test_a_write_that_was_never_answered_forbids_nothing_yet() -> None:
    ledger = told()
    with ledger.writing({KEY: True}):
        assert found(ledger, stream(102.0)) == {Fault.LATE_BYTE}
    assert ledger.permits(KEY)


def test_a_key_never_mentioned_is_forbidden() -> None:
    assert found(told(), probe(50.0, 200, ("org_stranger", "frontier-1"))) == {Fault.LATE_ALLOW}
