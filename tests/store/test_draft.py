from support.steps import run

from gateway.policy.snapshot import InvalidEntry
from gateway.store.digest import Digest
from gateway.store.draft import MOST, Content, Draft, Gone, Kind, in_steps


def decode(name: str, raw: bytes) -> tuple[bytes, str]:
    return raw, "" if raw else f"{name} is empty"


KIND = Kind("k", decode, lambda raw: raw == b"marked")
NOTHING: Content[bytes] = Content({}, {})


def test_entries_come_change_and_go() -> None:
    draft = Draft(KIND, NOTHING, 2)
    draft.put(b"a", None, b"marked")
    draft.put(b"b", None, b"")
    first = draft.done()
    assert first == Content({"a": b"marked", "b": b""}, {"b": InvalidEntry("k", "b", "b is empty")}, 1)
    later = Draft(KIND, first, 1)
    later.put(b"b", b"", b"marked")
    later.drop(b"a", b"marked")
    assert later.changed == frozenset({"a", "b"})
    assert later.done() == Content({"b": b"marked"}, {}, 1)
    assert first.entries == {"a": b"marked", "b": b""}, "what was shown is never changed"


def test_what_it_changes_in_the_digest_is_noted() -> None:
    draft, plain = Draft(KIND, NOTHING, 1), Draft(KIND, NOTHING, 1)
    draft.put(b"a", None, b"1")
    plain.put(b"a", None, b"2")
    before, _ = run(Digest().revised(draft.changes))
    again = Draft(KIND, draft.done(), 1)
    again.put(b"a", b"1", b"2")
    assert run(before.revised(again.changes))[0].value == run(Digest().revised(plain.changes))[0].value


def test_too_many_changes_are_not_named() -> None:
    draft = Draft(KIND, NOTHING, MOST)
    for number in range(MOST):
        draft.put(b"%d" % number, None, b"1")
    assert draft.changed is None


def test_what_has_gone_for_good_is_left() -> None:
    for parts in (1, 256):
        gone = Gone(parts)
        gone.add([b"a", b"1", b"b", b"2"])
        assert (gone.pop(b"a"), gone.pop(b"x")) == (b"1", None)
        assert [entry for some in gone.rest() for entry in some] == [(b"b", b"2")]
        assert repr(gone) == "Gone(0 entries)"


def test_steps_are_of_one_size() -> None:
    assert list(in_steps(range(5), 2)) == [[0, 1], [2, 3], [4]]
