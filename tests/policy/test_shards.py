import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.shards import LARGE, Revision, Shards, differing

names = st.text(max_size=3)
steps = st.lists(st.tuples(names, st.one_of(st.none(), st.integers(0, 3))), max_size=30)


@given(st.booleans(), st.lists(steps, max_size=4))
def test_through_any_revisions_it_is_what_a_dict_would_be(large: bool, history: list[list[tuple[str, int | None]]]) -> None:
    plain: dict[str, int] = {}
    mapping = Revision[int]({}, LARGE + 1 if large else 0).done()
    for changes in history:
        before, shown = mapping, dict(plain)
        revision = Revision(mapping, 0)
        for name, value in changes:
            if value is not None:
                revision.put(name, value)
                plain[name] = value
            elif plain.pop(name, None) is not None:
                revision.drop(name)
            assert revision.get(name) == plain.get(name)
        mapping = revision.done()
        assert isinstance(mapping, Shards) is large
        assert (dict(mapping), len(mapping)) == (plain, len(plain))
        assert all(mapping[name] == mapping.get(name) == value and name in mapping for name, value in plain.items())
        assert dict(before) == shown, "what was shown is never changed"
        assert set(differing(before, mapping)) == {name for name in plain.keys() | shown.keys() if plain.get(name) != shown.get(name)}


def test_nobody_is_in_it_who_was_not_put() -> None:
    mapping = Revision[int]({}, LARGE + 1).done()
    assert mapping.get("org_a") is None
    assert mapping.get("org_a", 7) == 7
    assert "org_a" not in mapping
    with pytest.raises(KeyError):
        mapping["org_a"]


def test_a_small_mapping_that_grows_is_kept_in_parts() -> None:
    small = Revision[int]({}, 1)
    small.put("org_a", 1)
    large = Revision(small.done(), LARGE + 1).done()
    assert isinstance(large, Shards)
    assert dict(large) == {"org_a": 1}
    assert repr(large) == "Shards(1 entries)"


def test_a_revision_shares_what_did_not_change() -> None:
    revision = Revision[int]({}, LARGE + 1)
    for number in range(5000):
        revision.put(f"org_{number}", number)
    before = revision.done()
    later = Revision(before, 5000)
    later.put("org_7", 0)
    after = later.done()
    assert isinstance(before, Shards)
    assert isinstance(after, Shards)
    assert sum(one is not other for one, other in zip(before.parts, after.parts, strict=True)) == 1
    assert repr(later) == "Revision(1 of 256 parts are its own)"
    assert differing(before, before) == ()
