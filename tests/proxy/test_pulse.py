"""A process that has been standing still passes nothing on, and decides nothing, before the store has confirmed its policy anew."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.house import Stage, open_stage, policy
from support.wire_ends import OK, SSE_HEAD, RawCaller, chunk, eventually, raw_caller, read_request, scripted

from gateway.policy.snapshot import Grant
from gateway.proxy.pulse import PATIENCE, STILL, Pulse

WITHOUT_ACME = policy(frontier={"beta": Grant()}, revision=2)


def stand_still() -> None:
    """Hold the loop up as if the process had been stopped."""
    time.sleep(STILL + 0.2)


class Scene:
    """A stage with one stream, whose upstream says one event more when told. `confirmed`: what the store says of the policy."""

    def __init__(self, stage: Stage, caller: RawCaller, more: asyncio.Event, said: asyncio.Event) -> None:
        self.stage = stage
        self.caller = caller
        self.confirmed = False
        self.doubts = 0
        self._more = more
        self._said = said
        stage.gate.pulse.confirmed_since = lambda _: self.confirmed
        stage.gate.pulse.on_doubt = self._doubted

    async def go_on_while_standing_still(self) -> None:
        """The upstream says more, and before the gate can read it time has passed."""
        self._more.set()
        await self._said.wait()
        stand_still()

    def _doubted(self) -> None:
        self.doubts += 1


@asynccontextmanager
async def streaming() -> AsyncIterator[Scene]:
    """Open the stage."""
    more, said = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(SSE_HEAD + chunk(b"data: 1\n\n"))
        await more.wait()
        writer.write(chunk(b"data: 2\n\n"))
        said.set()
        await read_request(reader)
        writer.write(OK)

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        await caller.until(b"data: 1\n\n")
        yield Scene(stage, caller, more, said)


async def test_what_came_meanwhile_never_leaves_where_the_news_is_that_the_permission_has_ended() -> None:
    async with streaming() as scene:
        await scene.go_on_while_standing_still()
        await eventually(lambda: scene.doubts == 1, "it is noticed")
        scene.stage.publish(WITHOUT_ACME)
        scene.confirmed = True
        rest, _ = await scene.caller.rest()
        assert b"data: 2" not in rest
        assert b"org_not_approved" in rest


async def test_and_passes_on_in_its_order_where_nothing_has_changed() -> None:
    async with streaming() as scene:
        await scene.go_on_while_standing_still()
        await eventually(lambda: scene.doubts == 1, "it is noticed")
        scene.confirmed = True
        assert await scene.caller.until(b"data: 2\n\n")


async def test_a_store_that_does_not_answer_is_waited_for_a_while() -> None:
    async with streaming() as scene:
        await scene.go_on_while_standing_still()
        began = time.monotonic()
        await scene.caller.until(b"data: 2\n\n")
        assert time.monotonic() - began >= PATIENCE
        assert scene.doubts == 1


async def test_no_request_is_decided_on_before_the_news() -> None:
    async with streaming() as scene, raw_caller(scene.stage.port) as second:
        await eventually(lambda: len(scene.stage.gate.doors.connections) == 2, "it is connected")
        second.post()
        stand_still()
        await eventually(lambda: scene.doubts == 1, "it is noticed")
        scene.stage.publish(WITHOUT_ACME)
        scene.confirmed = True
        head, body = await second.answer()
        assert head.startswith(b"HTTP/1.1 403 ")
        assert b"org_not_approved" in body


async def test_bytes_that_nobody_asked_for_are_never_held_for_the_next_request() -> None:
    unasked = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await unasked.wait()
        writer.write(OK)
        await reader.read()

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        stage.gate.pulse.confirmed_since = lambda _: False
        caller.post()
        await caller.answer()
        unasked.set()
        await asyncio.sleep(0)
        stand_still()
        began = time.monotonic()
        await eventually(lambda: stage.gate.upstreams["api"].open == 0, "the link is dropped")
        assert time.monotonic() - began < PATIENCE / 2, "at once"


async def test_standing_still_once_more_while_in_doubt_begins_the_wait_again() -> None:
    now = 100.0
    asked: list[float] = []

    def note(since: float) -> bool:
        asked.append(since)
        return False

    loop = asyncio.get_running_loop()
    watched = Pulse(loop, lambda: now)
    watched.confirmed_since = note
    watched.start()
    now = 101.0
    watched.beat()
    await eventually(lambda: asked == [101.0, 101.0], "looked twice")
    now = 110.0
    await eventually(lambda: asked[-1] == 110.0, "what was waited for before is old itself")
    watched.confirmed_since = lambda since: since == 110.0
    await watched.settled()
    assert watched.until == 110.0 + STILL


async def test_without_a_beat_there_is_no_doubt() -> None:
    stopped = Pulse(asyncio.get_running_loop())
    stopped.beat()
    assert stopped.until == float("inf")
    stopped.start()
    stopped.stop()
    stopped.beat()
    assert stopped.until == float("inf")
