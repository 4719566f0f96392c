"""Findings are kept by the whole token, within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.memory import TokenMemory


def test_tokens_that_differ_in_the_last_byte_are_two_tokens() -> None:
    memory: TokenMemory[str] = TokenMemory(10)
    memory.put(b"x" * 500 + b"a", "alice")
    memory.put(b"x" * 500 + b"b", "bob")
    assert memory.get(b"x" * 500 + b"a") == "alice"
    assert memory.get(b"x" * 500 + b"b") == "bob"
    assert memory.get(b"x" * 500) is None


def test_the_oldest_leave_when_it_is_full() -> None:
    memory: TokenMemory[int] = TokenMemory(3)
    for number in range(5):
        memory.put(str(number).encode(), number)
    assert [memory.get(str(number).encode()) for number in range(5)] == [None, None, 2, 3, 4]


def test_bytes_are_bounded_too() -> None:
    memory: TokenMemory[int] = TokenMemory(1000, max_bytes=100)
    for number in range(20):
        memory.put(b"%030d" % number, number)
    assert len(memory) == 3


def test_what_is_dropped_or_cleared_is_gone() -> None:
    memory: TokenMemory[int] = TokenMemory(3)
    memory.put(b"a", 1)
    memory.put(b"b", 2)
    memory.drop(b"a")
    assert (memory.get(b"a"), memory.get(b"b")) == (None, 2)
    memory.clear()
    assert len(memory) == 0
    assert repr(memory) == "<TokenMemory 0 of 3, 0 bytes>"


@given(st.lists(st.tuples(st.sampled_from(["put", "drop"]), st.binary(max_size=6)), max_size=60))
def test_the_bounds_hold_after_any_history(history: list[tuple[str, bytes]]) -> None:
    memory: TokenMemory[bytes] = TokenMemory(8, max_bytes=20)
    for verb, token in history:
        if verb == "put":
            memory.put(token, token)
            assert memory.get(token) == token
        else:
            memory.drop(token)
            assert memory.get(token) is None
        assert len(memory) <= 8
    held = {token for _, token in history if memory.get(token) is not None}
    assert sum(map(len, held)) <= 20
    assert f"{sum(map(len, held))} bytes" in repr(memory)
