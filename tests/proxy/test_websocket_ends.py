"""How a WebSocket ends: by either side, by silence, by a permission that ends, in the middle of whatever is being said."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import openai
import pytest
from support.house import Stage, open_stage, policy
from support.sockets import SocketCaller, echo, flood, read_frame, silent, speaking, talking, text
from support.wire_ends import Script, eventually, scripted
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from gateway.demo.upstream import DemoUpstream
from gateway.policy.snapshot import Grant
from gateway.wire.websocket import Frame, Opcode, close, encode

WITHOUT_ACME = policy(frontier={"beta": Grant()}, revision=2)
BEGIN = b'{"type":"response.create","response":{"max_output_tokens":100000}}'


@pytest.fixture
async def demo() -> AsyncIterator[DemoUpstream]:
    upstream = DemoUpstream(pace=0.001)
    await upstream.start()
    yield upstream
    await upstream.stop()


def sending(*frames: Frame) -> Script:
    """Send these at once, then nothing."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(map(encode, frames)))
        await writer.drain()
        await reader.read()

    return script


async def test_the_callers_close_passes_and_so_does_its_answer() -> None:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        caller.say(close(3333, "enough"))
        assert await caller.hear_close() == (3333, "enough")
        await asyncio.wait_for(upstream.closed.wait(), 5)
        await eventually(lambda: not stage.gate.doors.connections, "the connection is gone")
        assert b'"ending":"complete"' in stage.notebook.lines[-1]
        assert stage.metrics.client_aborts.value == 0
        assert stage.metrics.streams_open.labels("frontier").value == 0


@pytest.mark.parametrize("code", [1000, 1001, 1011, 4000])
async def test_the_upstreams_close_passes_with_its_code(code: int) -> None:
    answered = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(text(b"bye")) + encode(close(code, "theirs")))
        answered.append(await read_frame(reader))

    async with scripted(speaking(script)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        assert await caller.hear() == text(b"bye")
        assert await caller.hear() == close(code, "theirs")
        caller.say(close(code, ""))
        assert (await caller.raw.rest())[0] == b""
        await asyncio.wait_for(upstream.closed.wait(), 5)
        assert answered == [close(code, "")]
        await eventually(lambda: b'"ending":"complete"' in stage.notebook.lines[-1], "the end is on record")


@pytest.mark.parametrize("before", [b"", encode(text(b"half", final=False)), encode(text(b"half a frame"))[:-3]])
async def test_an_upstream_that_breaks_off_is_never_a_clean_end(before: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_frame(reader)
        writer.write(before)
        await writer.drain()

    async with scripted(speaking(script)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        caller.say(text(b"{}"))
        assert (await caller.hear_close())[0] == 1011
        assert b'"ending":"upstream_failed"' in stage.notebook.lines[-1]
        assert stage.metrics.upstream_requests.labels("api", "failed").value == 1


async def test_a_caller_that_leaves_drops_the_upstream() -> None:
    async with scripted(speaking(silent)) as upstream, open_stage([upstream.url]) as stage:
        async with talking(stage.port):
            pass
        await asyncio.wait_for(upstream.closed.wait(), 5)
        await eventually(lambda: len(stage.gate.leases) == 0, "the lease is released")
        assert stage.metrics.client_aborts.value == 1
        assert b'"ending":"client_gone"' in stage.notebook.lines[-1]


async def test_two_who_say_nothing_are_parted() -> None:
    async with scripted(speaking(silent)) as upstream, open_stage([upstream.url], idle_timeout=0.1) as stage, talking(stage.port) as caller:
        assert (await caller.hear_close())[0] == 1001
        await asyncio.wait_for(upstream.closed.wait(), 5)
        assert b'"ending":"gone_quiet"' in stage.notebook.lines[-1]


async def test_what_is_still_open_after_the_drain_time_is_told_to_go() -> None:
    async with scripted(speaking(silent)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        await stage.gate.doors.drain(0.05)
        assert (await caller.hear_close())[0] == 1001
        await asyncio.wait_for(upstream.closed.wait(), 5)


async def expect_cut(stage: Stage, caller: SocketCaller, reason: str = "org_not_approved") -> None:
    code, told = await caller.hear_close()
    assert code == 1008
    assert told.startswith(f"{reason} (decision ")
    assert len(stage.gate.leases) == 0
    assert stage.metrics.streams_open.labels("frontier").value == 0
    assert b'"ending":"cut"' in stage.notebook.lines[-1]


async def test_an_idle_connection_is_cut_with_the_reason() -> None:
    async with scripted(speaking(silent)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        stage.publish(WITHOUT_ACME)
        await expect_cut(stage, caller)
        await asyncio.wait_for(upstream.closed.wait(), 5)
        assert stage.metrics.streams_cut.labels("frontier", "org_not_approved").value == 1


async def test_a_cut_comes_between_two_fragments() -> None:
    async with (
        scripted(speaking(sending(text(b"half a mess", final=False)))) as upstream,
        open_stage([upstream.url]) as stage,
        talking(stage.port) as caller,
    ):
        assert await caller.hear() == text(b"half a mess", final=False)
        stage.publish(WITHOUT_ACME)
        await expect_cut(stage, caller)
        await asyncio.wait_for(upstream.closed.wait(), 5)


async def test_a_cut_comes_after_a_whole_frame_never_within_one() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(text(b"whole")) + encode(text(b"never whole"))[:-1])
        await reader.read()

    async with scripted(speaking(script)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        assert await caller.hear() == text(b"whole")
        stage.publish(WITHOUT_ACME)
        await expect_cut(stage, caller)


async def test_a_flowing_connection_is_cut_and_the_others_flow_on(demo: DemoUpstream) -> None:
    async with open_stage([demo.url]) as stage, talking(stage.port) as revoked, talking(stage.port, token=b"beta") as kept:
        for caller in (revoked, kept):
            caller.say(text(BEGIN))
            while b"delta" not in (await caller.hear()).payload:
                pass
        stage.publish(WITHOUT_ACME)
        code, _ = await revoked.hear_close()
        assert code == 1008
        await demo.until(lambda upstream: upstream.cancelled == 1)
        for _ in range(20):
            assert b"delta" in (await kept.hear()).payload
        assert len(stage.gate.leases) == 1


async def test_a_caller_that_talks_all_the_time_hears_why_it_is_cut() -> None:
    async with scripted(speaking(silent)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:

        async def talk() -> None:
            while True:
                caller.say(text(b'{"type":"input_audio_buffer.append","audio":"' + b"A" * 1000 + b'"}'))
                await asyncio.sleep(0)

        talker = asyncio.create_task(talk())
        await asyncio.sleep(0.05)
        stage.publish(WITHOUT_ACME)
        frame = await caller.hear()
        talker.cancel()
        assert frame.opcode == Opcode.CLOSE
        assert b"org_not_approved" in frame.payload


async def test_a_caller_that_does_not_read_is_broken_off_when_it_is_cut() -> None:
    async with scripted(speaking(flood)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port):
        connection = next(iter(stage.gate.doors.connections))
        await eventually(lambda: connection.transport.get_write_buffer_size() > 65_536, "the caller is behind")
        stage.publish(WITHOUT_ACME)
        await asyncio.wait_for(upstream.closed.wait(), 5)
        await eventually(lambda: not stage.gate.doors.connections, "the connection is gone at once")


async def test_a_cut_caller_that_stays_is_left() -> None:
    async with scripted(speaking(silent)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        stage.publish(WITHOUT_ACME)
        assert (await caller.hear()).opcode == Opcode.CLOSE
        assert len(stage.gate.doors.connections) == 1
        await eventually(lambda: not stage.gate.doors.connections, "the connection is closed after a while")


async def test_aiohttps_client_talks_and_is_cut(demo: DemoUpstream) -> None:
    async with open_stage([demo.url]) as stage, aiohttp.ClientSession(headers={"authorization": "Bearer acme"}) as session:
        url = f"http://127.0.0.1:{stage.port}/v1/realtime?model=frontier"
        async with session.ws_connect(url, protocols=("realtime",), compress=15) as socket:
            assert socket.protocol == "realtime"
            assert socket.compress == 0
            assert (await socket.receive_json())["session"]["model"] == "frontier"
            await socket.send_str('{"type":"' + "x" * 100_000 + '"}')
            assert (await socket.receive_json())["size"] > 100_000
            await socket.send_str(BEGIN.decode())
            assert (await socket.receive_json())["type"] == "response.created"
            stage.publish(WITHOUT_ACME)
            while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
            assert message.type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 1008
            assert str(message.extra).startswith("org_not_approved (decision ")
            await demo.until(lambda upstream: upstream.open_streams == 0)


async def test_openais_library_is_refused_talks_and_is_cut(demo: DemoUpstream) -> None:
    async with open_stage([demo.url]) as stage:
        async with openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{stage.port}/v1", api_key="stranger") as client:
            with pytest.raises(InvalidStatus) as refused:
                async with client.realtime.connect(model="frontier"):
                    pass
            assert json.loads(refused.value.response.body)["error"]["code"] == "org_not_approved"
        async with openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{stage.port}/v1", api_key="acme") as client:
            async with client.realtime.connect(model="frontier") as connection:
                assert (await connection.recv()).type == "session.created"
                await connection.session.update(session={"type": "realtime", "model": "open"})
                assert (await connection.recv()).type == "session.updated"
                stage.publish(WITHOUT_ACME)
                with pytest.raises(ConnectionClosedError) as cut:
                    await connection.recv()
            assert cut.value.rcvd is not None
            assert cut.value.rcvd.code == 1008
            assert cut.value.rcvd.reason.startswith("org_not_approved (decision ")
