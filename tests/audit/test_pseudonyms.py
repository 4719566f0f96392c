"""Subjects in records: findable with the key, nameless without it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.pseudonyms import REMEMBERED, Pseudonyms
from gateway.policy.access import Subject

KEY = b"0123456789abcdef"


def test_one_subject_has_one_pseudonym_under_one_key() -> None:
    alice = Subject("https://issuer.example", "alice")
    assert Pseudonyms(KEY).of(alice) == Pseudonyms(KEY).of(alice)
    assert Pseudonyms(KEY).of(alice) != Pseudonyms(KEY[::-1]).of(alice)
    assert Pseudonyms(KEY).key_id != Pseudonyms(KEY[::-1]).key_id


@given(st.tuples(st.text(st.characters()), st.text(st.characters())), st.tuples(st.text(), st.text()))
def test_two_subjects_never_share_a_pseudonym(one: tuple[str, str], other: tuple[str, str]) -> None:
    pseudonyms = Pseudonyms(KEY)
    assert (pseudonyms.of(Subject(*one)) == pseudonyms.of(Subject(*other))) == (one == other)


def test_issuer_and_subject_cannot_slide_into_each_other() -> None:
    pseudonyms = Pseudonyms(KEY)
    assert pseudonyms.of(Subject("ab", "c")) != pseudonyms.of(Subject("a", "bc"))


def test_without_a_key_nobody_is_named_and_nothing_is_hashed() -> None:
    pseudonyms = Pseudonyms()
    assert (pseudonyms.of(Subject("https://issuer.example", "alice")), pseudonyms.key_id) == ("", "")


def test_a_short_key_is_refused_with_the_way_to_a_good_one() -> None:
    with pytest.raises(ValueError, match="openssl rand"):
        Pseudonyms(b"short")


def test_the_key_does_not_show() -> None:
    assert KEY.decode() not in repr(Pseudonyms(KEY))


def test_memory_is_bounded() -> None:
    pseudonyms = Pseudonyms(KEY)
    first = pseudonyms.of(Subject("i", "0"))
    for number in range(REMEMBERED + 10):
        pseudonyms.of(Subject("i", str(number)))
    assert len(pseudonyms._known) <= REMEMBERED  # noqa: SLF001 - the bound is the point
    assert pseudonyms.of(Subject("i", "0")) == first
