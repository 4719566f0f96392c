from gateway.admin.acknowledgement import Awaited, State, acknowledge
from gateway.store.report import Report, Step, encode_report

WRITTEN = Awaited(1000.0, 7)
LATER = 1001.0


def told(*steps: Step, reported_at: float = 1000.5, through: float | None = None, revision: int | None = None) -> str:
    standing = revision if revision is not None else steps[0].revision if steps else 0
    return encode_report(
        Report(
            worker="w0",
            host="gate",
            pid=1,
            version="1",
            started_at=1.0,
            reported_at=reported_at,
            expires_after=60.0,
            up=True,
            revision=standing,
            digest="d",
            through=through,
            steps=steps,
        )
    ).decode()


def step(revision: int, follows: int, applied_at: float, cut: int = 0, last_cut_at: float | None = None) -> Step:
    return Step(revision=revision, follows=follows, applied_at=applied_at, applied_seconds=0.0015, cut=cut, last_cut_at=last_cut_at)


def test_who_has_applied_it_says_how_fast_and_what_that_ended() -> None:
    found = acknowledge(WRITTEN, {"gate/w0/a": told(step(7, 6, 1000.003, 2, 1000.002))}, LATER)
    (answer,) = found.answers
    assert found.complete
    assert (answer.state, answer.revision, answer.cut) == (State.APPLIED, 7, 2)
    assert [round(value or 0, 3) for value in (answer.applied_ms, answer.last_byte_ms, answer.in_force_ms)] == [1.5, 2.0, 3.0]
    assert answer.silent_s == 0.5


def test_what_came_later_does_not_hide_the_step() -> None:
    later = [step(revision, revision - 1, 1000.0 + revision) for revision in range(12, 7, -1)]
    found = acknowledge(WRITTEN, {"w": told(*later, step(7, 5, 1000.01, 4, 1000.005))}, LATER)
    assert (found.answers[0].revision, found.answers[0].cut) == (12, 4)


def test_all_must_answer() -> None:
    entries = {"a": told(step(7, 6, 1000.1)), "b": told(step(6, 5, 999.0)), "c": "{"}
    found = acknowledge(WRITTEN, entries, LATER)
    assert [answer.state for answer in found.answers] == [State.APPLIED, State.WAITING, State.UNREADABLE]
    assert not found.complete
    assert [answer.worker for answer in found.unanswered] == ["b", "c"]


def test_without_a_worker_nothing_is_proved() -> None:
    assert not acknowledge(WRITTEN, {}, LATER).complete
    ended = acknowledge(WRITTEN, {}, LATER, seen=["a"])
    assert [answer.state for answer in ended.answers] == [State.ENDED]
    assert not ended.complete
    assert not ended.unanswered


def test_who_has_left_or_is_gone_need_not_answer() -> None:
    entries = {"a": told(step(7, 6, 1000.1)), "b": told(step(6, 5, 900.0), reported_at=920.0)}
    found = acknowledge(WRITTEN, entries, LATER, seen=["a", "c"])
    assert [(answer.worker, answer.state) for answer in found.answers] == [("a", State.APPLIED), ("b", State.GONE), ("c", State.ENDED)]
    assert found.complete


def test_a_revision_of_a_policy_that_was_lost_since_proves_nothing() -> None:
    """The store was wiped: its revisions begin anew, and the worker still stands at a higher one, or went through the same long ago."""
    assert not acknowledge(WRITTEN, {"w": told(step(500, 499, 900.0))}, LATER).complete
    assert not acknowledge(WRITTEN, {"w": told(step(8, 7, 950.0), step(7, 6, 900.0))}, LATER).complete


def test_what_stands_in_force_until_after_the_write_proves_it_where_the_step_is_forgotten() -> None:
    assert acknowledge(WRITTEN, {"w": told(through=1000.2, revision=40)}, LATER).complete
    assert not acknowledge(WRITTEN, {"w": told(through=1000.05, revision=40)}, LATER).complete


def test_edits_by_hand_are_awaited_by_their_instant() -> None:
    before = Awaited(1000.0)
    assert acknowledge(before, {"w": told(through=1000.0)}, LATER).complete
    assert not acknowledge(before, {"w": told(step(7, 6, 1000.5), through=999.9)}, LATER).complete
    assert not acknowledge(before, {"w": told(through=None)}, LATER).complete
