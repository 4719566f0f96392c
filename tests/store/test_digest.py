from hypothesis import given
from hypothesis import strategies as st
from support.steps import run

from gateway.store.digest import Changes, Digest

contents = st.dictionaries(st.binary(max_size=3), st.binary(max_size=3), max_size=20)


def digest(content: dict[bytes, bytes]) -> Digest:
    changes = Changes()
    for field, value in content.items():
        changes.add(field, value)
    return run(Digest().revised(changes))[0]


@given(contents, contents)
def test_a_revised_digest_is_that_of_the_content_read_afresh(old: dict[bytes, bytes], new: dict[bytes, bytes]) -> None:
    before, changes = digest(old), Changes()
    for field in old.keys() | new.keys():
        if field in old:
            changes.remove(field, old[field])
        if field in new:
            changes.add(field, new[field])
    kept = before.value
    after, _ = run(before.revised(changes))
    assert after.value == digest(dict(sorted(new.items()))).value
    assert (after.value == before.value) == (old == new)
    assert before.value == kept


def test_it_is_the_one_that_is_documented() -> None:
    assert digest({}).value == b""
    assert digest({b"org_a": b"{}", b"org_b": b"{}"}).value.hex() == "dc23f55baf54de964ce229d38605841f0f49bad777ff6ccd9c352ef62c4626a9"
    assert repr(digest({b"org_a": b"{}"})) == "Digest(2e4f5d66)"
