from gateway.proxy.crowd import Crowd


def test_each_name_has_its_own_room() -> None:
    crowd = Crowd()
    assert [crowd.move(number, "a", 2) for number in range(3)] == [True, True, False]
    assert crowd.move(3, "b", 2)
    assert repr(crowd) == "<Crowd 3 of 2>"


def test_who_leaves_makes_room_and_may_leave_twice() -> None:
    crowd = Crowd()
    crowd.move(1, "a", 1)
    crowd.leave(1)
    crowd.leave(1)
    assert crowd.move(2, "a", 1)
    assert not crowd.move(3, "a", 1)


def test_a_connection_counts_once_and_for_the_name_said_last() -> None:
    crowd = Crowd()
    assert [crowd.move(1, "a", 1) for _ in range(3)] == [True] * 3
    assert crowd.move(1, "b", 1)
    assert crowd.move(2, "a", 1)
    assert not crowd.move(2, "b", 1)
    assert crowd.move(3, "a", 1), "whoever is refused elsewhere has left"


def test_nobody_is_not_counted_and_0_is_any_number() -> None:
    crowd = Crowd()
    assert all(crowd.move(number, "", 1) for number in range(9))
    assert all(crowd.move(number, "a", 0) for number in range(9))
