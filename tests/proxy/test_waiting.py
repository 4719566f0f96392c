import asyncio

from gateway.proxy.waiting import Waiting


class Line:
    """Waits by name; `turns` are the names in the order in which they are served."""

    def __init__(self) -> None:
        self.waiting: Waiting[None] = Waiting()
        self.names: dict[asyncio.Future[None], str] = {}

    def join(self, organisation: str, name: str) -> asyncio.Future[None]:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.names[waiter] = name
        self.waiting.join(organisation, waiter)
        return waiter

    def turns(self) -> list[str]:
        found = []
        while (waiter := self.waiting.next()) is not None:
            found.append(self.names[waiter])
        return found


async def test_organisations_take_turns_and_inside_one_the_first_comes_first() -> None:
    line = Line()
    for name in ("a1", "a2", "a3", "b1", "a4", "c1", "b2"):
        line.join(name[0], name)
    assert len(line.waiting) == 7
    assert line.turns() == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]
    assert repr(line.waiting) == "<Waiting 0 of 0 organisations>"


async def test_who_comes_back_waits_for_everyones_turn() -> None:
    line = Line()
    line.join("a", "a1")
    line.join("b", "b1")
    assert line.waiting.next() is not None
    line.join("a", "a2")
    assert line.turns() == ["b1", "a2"]


async def test_who_has_given_up_is_passed_over() -> None:
    line = Line()
    gone, cancelled = line.join("a", "a1"), line.join("a", "a2")
    line.join("a", "a3")
    line.waiting.leave("a", gone)
    line.waiting.leave("a", gone)
    line.waiting.leave("nobody", gone)
    cancelled.cancel()
    assert line.turns() == ["a3"]


async def test_a_line_that_everyone_has_left_is_forgotten() -> None:
    line = Line()
    line.waiting.leave("a", line.join("a", "a1"))
    assert repr(line.waiting) == "<Waiting 0 of 0 organisations>"
