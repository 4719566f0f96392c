import asyncio
from collections.abc import Iterator, Mapping

from gateway.admin.acknowledgement import Awaited, State
from gateway.admin.waiting import wait_for
from gateway.store.report import Report, encode_report


def told(through: float) -> str:
    report = Report(
        worker="w0",
        host="gate",
        pid=1,
        version="1",
        started_at=1.0,
        reported_at=through,
        expires_after=60.0,
        up=True,
        revision=0,
        digest="d",
        through=through,
    )
    return encode_report(report).decode()


class Told:
    """Answers one after the other, then the last again and again."""

    def __init__(self, *looks: Mapping[str, str]) -> None:
        self._looks: Iterator[Mapping[str, str]] = iter(looks)
        self._last: Mapping[str, str] = {}
        self.asked = 0

    async def replicas(self) -> Mapping[str, str]:
        self.asked += 1
        self._last = next(self._looks, self._last)
        return self._last

    async def now(self) -> float:
        return 1001.0


async def test_it_looks_until_all_have_answered_newcomers_too() -> None:
    reports = Told({"a": told(999)}, {"a": told(1000), "b": told(999)}, {"a": told(1000), "b": told(1000)})
    found = await wait_for(reports, Awaited(1000.0), 5)
    assert found.complete
    assert reports.asked == 3


async def test_it_ends_when_the_time_is_up() -> None:
    begun = asyncio.get_running_loop().time()
    found = await wait_for(Told({"a": told(999)}), Awaited(1000.0), 0.05)
    assert [answer.worker for answer in found.unanswered] == ["a"]
    assert asyncio.get_running_loop().time() - begun < 1


async def test_no_time_is_one_look() -> None:
    reports = Told({"a": told(1000)})
    assert (await wait_for(reports, Awaited(1000.0), 0)).complete
    assert reports.asked == 1


async def test_who_leaves_meanwhile_is_named_and_not_waited_for() -> None:
    found = await wait_for(Told({"a": told(1000), "b": told(999)}, {"a": told(1000)}), Awaited(1000.0), 5)
    assert found.complete
    assert [(answer.worker, answer.state) for answer in found.answers] == [("a", State.APPLIED), ("b", State.ENDED)]
