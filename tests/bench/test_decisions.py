"""What is timed must be what it says: every measured policy permits, every sweep decides on every lease."""

from bench.decisions import measure_decisions, measure_sweeps


def test_each_kind_is_grown_alone_and_at_last_all_together() -> None:
    found = measure_decisions((1, 50), (0, 4))
    assert [(one.kind, one.size) for one in found[:-1]] == [
        *(("grants", 1), ("grants", 50), ("models", 1), ("models", 50), ("directives", 0), ("directives", 4)),
    ]
    assert all(one.microseconds > 0 for one in found)


def test_a_sweep_cuts_the_share_whose_grant_went_and_no_other() -> None:
    assert [(one.leases, one.cut) for one in measure_sweeps((200,))] == [(200, 2), (200, 200)]
