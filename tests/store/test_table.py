from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from support.steps import run

from gateway.policy.shards import LARGE
from gateway.store.blob_reader import BlobReader, Memory
from gateway.store.blobs import Blobs
from gateway.store.draft import ENTRIES, MOST
from gateway.store.resp import ServerError
from gateway.store.table import Table


def flat(content: dict[bytes, bytes]) -> list[bytes]:
    return [part for entry in content.items() for part in entry]


def sent(content: dict[bytes, bytes]) -> Blobs:
    """A long reply, read."""
    reader = BlobReader(2 * len(content), Memory([]))
    reader.read(b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in flat(content)), 0)
    return reader.blobs()


def decode(_: str, raw: bytes) -> tuple[bytes, str]:
    return raw, "odd" if len(raw) % 2 else ""


contents = st.dictionaries(st.binary(max_size=2), st.binary(max_size=3), max_size=12)
shuffled = contents.flatmap(lambda content: st.permutations(list(content.items())).map(dict))


@given(st.lists(shuffled, min_size=1, max_size=6))
def test_after_any_history_a_table_is_what_it_would_be_if_read_afresh(history: list[dict[bytes, bytes]]) -> None:
    table = Table[bytes]("k", decode)
    before: Mapping[str, bytes] = {}
    for content in history:
        changed, _ = run(table.replace(flat(content)))
        fresh = Table[bytes]("k", decode)
        run(fresh.replace(flat(dict(sorted(content.items())))))
        assert (table.entries, table.problems, table.digest) == (fresh.entries, fresh.problems, fresh.digest)
        assert changed == frozenset(name for name in before.keys() | table.entries.keys() if before.get(name) != table.entries.get(name))
        before = table.entries


@given(shuffled, shuffled)
def test_two_contents_have_two_digests(one: dict[bytes, bytes], other: dict[bytes, bytes]) -> None:
    first, second = Table[bytes]("k", decode), Table[bytes]("k", decode)
    run(first.replace(flat(one)))
    run(second.replace(flat(other)))
    assert (first.digest == second.digest) == (one == other)


def test_unchanged_entries_are_not_decoded_again() -> None:
    decoded: list[str] = []

    def note(name: str, raw: bytes) -> tuple[bytes, str]:
        decoded.append(name)
        return raw, ""

    content = {b"org_%05d" % number: b"{}" for number in range(5000)}
    table = Table[bytes]("k", note)
    run(table.replace(flat(content)))
    decoded.clear()
    content[b"org_02500"] = b"[]"
    assert run(table.replace(flat(content)))[0] == frozenset({"org_02500"})
    assert decoded == ["org_02500"]


def test_what_was_shown_is_never_changed() -> None:
    table = Table[bytes]("k", decode)
    run(table.replace([b"a", b"1"]))
    shown = table.entries
    run(table.replace([]))
    assert shown == {"a": b"1"}
    assert table.entries == {}


def test_a_long_table_gives_others_their_turn() -> None:
    table = Table[bytes]("k", decode)
    _, steps = run(table.replace(flat({b"org_%05d" % number: b"{}" for number in range(10_000)})))
    assert steps >= 10_000 // ENTRIES


def test_a_long_reply_is_taken_as_it_was_sent() -> None:
    content = {b"org_%05d" % number: b"{}" for number in range(LARGE + 1)}
    packed, table = Table[bytes]("k", decode), Table[bytes]("k", decode)
    run(packed.replace(flat(content)))
    run(table.replace(sent(content)))
    assert (table.entries, table.digest) == (packed.entries, packed.digest)
    edited = content | {b"org_00007": b"[1]", b"org_x": b"{}"}
    changed, steps = run(table.replace(sent(edited)))
    assert changed == frozenset({"org_00007", "org_x"})
    assert steps < 20
    run(packed.replace(flat(edited)))
    assert (dict(table.entries), dict(table.problems), table.digest) == (dict(packed.entries), dict(packed.problems), packed.digest)


def test_too_many_changes_are_not_named() -> None:
    table = Table[bytes]("k", decode)
    content = {b"org_%05d" % number: b"{}" for number in range(MOST + 1)}
    assert run(table.replace(flat(content)))[0] is None
    assert run(table.replace(flat(dict.fromkeys(content, b"[]"))))[0] is None
    assert run(table.replace([]))[0] is None
    assert (table.entries, table.digest) == ({}, b"")


def test_a_key_that_is_gone_takes_effect_at_once() -> None:
    table = Table[bytes]("k", decode, lambda raw: raw == b"{}")
    run(table.replace(flat({b"org_%05d" % number: b"{}" for number in range(20_000)})))
    assert table.marked == 20_000
    _, steps = run(table.replace([]))
    assert (steps, len(table.entries), table.marked) == (0, 0, 0)
    run(table.replace([b"a", b"{}"]))
    assert (dict(table.entries), table.marked) == ({"a": b"{}"}, 1)


def test_a_key_of_the_wrong_type_shows_nothing_and_says_so() -> None:
    table = Table[bytes]("k", decode)
    run(table.replace([b"a", b"11"]))
    changed, _ = run(table.replace(ServerError("WRONGTYPE it is a list")))
    assert (changed, table.entries, table.wrong) == (None, {}, "WRONGTYPE it is a list")
    changed, _ = run(table.replace([b"a", b"11"]))
    assert (changed, table.entries, table.wrong) == (None, {"a": b"11"}, "")


def test_names_that_are_not_utf_8_are_shown_and_stay_apart() -> None:
    table = Table[bytes]("k", decode)
    run(table.replace([b"\xff", b"11", b"\\xff", b"22"]))
    assert sorted(table.entries.values()) == [b"11", b"22"]
    assert [(entry.field, entry.problem) for entry in table.problems.values()] == [("\\xff", "the field's name is not UTF-8")]
    run(table.replace([]))
    assert (table.entries, table.problems, table.digest) == ({}, {}, b"")
