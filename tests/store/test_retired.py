import weakref

from support.steps import run

from gateway.policy.shards import LARGE, PARTS, Revision
from gateway.store.retired import FREED, Retired


class Piece:
    """Something that is held."""


def test_what_was_replaced_is_let_go_after_the_next_publication() -> None:
    retired, piece = Retired(), Piece()
    seen = weakref.ref(piece)
    retired.add([piece])
    del piece
    run(retired.let_go())
    assert seen() is not None, "somebody may still look at it"
    assert repr(retired) == "Retired(0 lately, 1 leaving)"
    run(retired.let_go())
    assert seen() is None


def test_a_long_mapping_is_let_go_in_steps() -> None:
    retired = Retired()
    retired.add_mapping(Revision[int]({}, LARGE + 1).done(), {})
    assert [run(retired.let_go())[1] for _ in range(3)] == [0, PARTS // FREED, 0]


def test_a_short_one_is_not_held() -> None:
    retired = Retired()
    retired.add_mapping({"org_acme": 1}, {})
    assert repr(retired) == "Retired(0 lately, 0 leaving)"


def test_of_two_versions_only_what_was_replaced_is_held() -> None:
    retired, before = Retired(), Revision[int]({}, LARGE + 1).done()
    revision = Revision(before, 1)
    revision.put("org_acme", 1)
    retired.add_mapping(before, revision.done())
    assert repr(retired) == "Retired(1 lately, 0 leaving)"
