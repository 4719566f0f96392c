"""The demonstration's realtime API, as aiohttp and OpenAI's library speak to it."""

import json

import aiohttp
import openai

from gateway.demo import realtime
from gateway.demo.upstream import DemoUpstream


def kinds(text: str) -> list[str]:
    return [json.loads(event)["type"] for event in realtime.answers(text)]


def test_a_response_comes_word_by_word() -> None:
    asked = json.dumps({"type": "response.create", "response": {"max_output_tokens": 3}})
    assert kinds(asked) == ["response.created", *["response.output_text.delta"] * 3, "response.done"]


def test_what_is_no_event_is_an_error() -> None:
    assert kinds("hello") == kinds("[]") == kinds("{}") == ["error"]
    assert kinds('{"type":"anything"}') == ["demo.echo"]


async def test_openais_library_reads_a_whole_response() -> None:
    upstream = DemoUpstream(pace=0.0)
    await upstream.start()
    said = ""
    async with openai.AsyncOpenAI(base_url=f"{upstream.url}/v1", api_key="key") as client:
        async with client.realtime.connect(model="m") as connection:
            await connection.session.update(session={"type": "realtime", "model": "n"})
            await connection.response.create(response={"max_output_tokens": 4})
            async for event in connection:
                said += event.delta if event.type == "response.output_text.delta" else ""
                if event.type == "response.done":
                    break
    assert said == "A gate is not "
    await upstream.until(lambda server: server.open_streams == 0)
    assert upstream.cancelled == 0
    await upstream.stop()


async def test_bytes_come_back_and_a_caller_that_vanishes_is_counted() -> None:
    upstream = DemoUpstream(pace=0.0)
    await upstream.start()
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"{upstream.url}/v1/realtime?model=m", protocols=("realtime",))
        assert socket.protocol == "realtime"
        assert json.loads(await socket.receive_str())["session"]["model"] == "m"
        await socket.send_bytes(b"\x00\xff")
        assert await socket.receive_bytes() == b"\x00\xff"
    await upstream.until(lambda server: server.cancelled == 1)
    await upstream.stop()
