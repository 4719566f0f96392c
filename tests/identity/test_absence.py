"""Key ids that an issuer does not have are asked for ever more rarely."""

from gateway.identity.absence import CAPACITY, LONGEST, AbsentKeys


def test_an_absent_key_is_asked_for_again_after_a_delay_that_doubles() -> None:
    absent = AbsentKeys(first_delay=30.0)
    absent.add("k", now=0.0)
    assert absent.holds("k", 29.9)
    assert not absent.holds("k", 30.0)
    absent.add("k", now=30.0)
    assert absent.holds("k", 89.9)
    assert not absent.holds("k", 90.0)
    assert not absent.holds("other", 0.0)


def test_the_delay_has_an_end() -> None:
    absent = AbsentKeys(first_delay=30.0)
    for _ in range(20):
        absent.add("k", now=0.0)
    assert not absent.holds("k", LONGEST)


def test_memory_is_bounded_and_the_oldest_is_forgotten() -> None:
    absent = AbsentKeys(first_delay=30.0)
    for number in range(CAPACITY + 1):
        absent.add(str(number), now=0.0)
    assert len(absent) == CAPACITY
    assert not absent.holds("0", 1.0)
    assert absent.holds(str(CAPACITY), 1.0)


def test_new_keys_clear_it() -> None:
    absent = AbsentKeys(first_delay=30.0)
    absent.add("k", now=0.0)
    absent.clear()
    assert not absent.holds("k", 1.0)
