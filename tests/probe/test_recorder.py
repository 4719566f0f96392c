"""The recording upstream answers each API in its shape, remembers, and keeps nothing running."""

import asyncio

import aiohttp
from support.naive import ALLOWED, FORBIDDEN

from gateway.probe.recorder import Recorder


async def test_it_answers_and_remembers(recorder: Recorder) -> None:
    async with aiohttp.ClientSession(recorder.url) as session:
        for path, key in (
            ("/v1/chat/completions", "choices"),
            ("/v1/completions", "choices"),
            ("/v1/messages", "content"),
            ("/v1/responses", "output"),
            ("/v1/embeddings", "data"),
            ("/v1beta/models/x:generateContent", "candidates"),
            ("/anything", "text"),
        ):
            async with session.post(path, json={"model": "x"}) as came:
                assert key in await came.json()
        async with session.get("/any/list") as came:
            assert [entry["id"] for entry in (await came.json())["data"]] == [ALLOWED, FORBIDDEN]
    assert len(recorder.arrivals) == 8
    recorder.forget()
    assert recorder.arrivals == []


async def test_it_fails_when_told_to(recorder: Recorder) -> None:
    recorder.failing = True
    async with aiohttp.ClientSession(recorder.url) as session, session.post("/v1/chat/completions", json={}) as came:
        assert came.status == 500


async def test_a_stream_ends_or_runs_until_it_is_left(recorder: Recorder) -> None:
    async with aiohttp.ClientSession(recorder.url) as session:
        async with session.post("/v1/chat/completions", json={"stream": True}) as came:
            assert (await came.text()).endswith("data: [DONE]\n\n")
        async with session.post("/v1/messages", json={"stream": True, "max_tokens": 5000}) as came:
            await came.content.readuntil(b"\n\n")
            assert recorder.running == 1
    assert await recorder.until(lambda upstream: upstream.running == 0, 5)
    assert not await recorder.until(lambda upstream: upstream.running == 1, 0)


async def test_a_websocket_is_heard(recorder: Recorder) -> None:
    async with aiohttp.ClientSession(recorder.url) as session, session.ws_connect("/v1/realtime", protocols=("realtime",)) as socket:
        assert (await socket.receive_json())["type"] == "session.created"
        await socket.send_str("{}")
        assert await socket.receive_json() == {"type": "probe.heard", "event_id": "probe", "size": 2}
        assert recorder.arrivals[0].frames == [b"{}"]
        await socket.close()


async def test_two_framings_are_both_kept(recorder: Recorder) -> None:
    reader, writer = await asyncio.open_connection(recorder.host, recorder.port)
    writer.write(b"POST /x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST /y HTTP/1.1\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()
    (arrival,) = recorder.arrivals
    assert b"POST /y" in arrival.body
    assert arrival.oddities


async def test_what_follows_a_refused_upgrade_is_a_request(recorder: Recorder) -> None:
    reader, writer = await asyncio.open_connection(recorder.host, recorder.port)
    writer.write(b"GET /x HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 1337\r\n\r\nGET /y HTTP/1.1\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 426")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()
    assert [arrival.line for arrival in recorder.arrivals] == ["GET /x", "GET /y"]
