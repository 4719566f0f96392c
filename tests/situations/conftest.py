"""A newsroom: a gate of two workers that runs, an operator at a terminal, and callers with real tokens whose streams are open."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.running import GATED, OPEN, REGIONAL, RunningGate, running_gate, write_settings
from support.servers import RedisServer, redis_server  # noqa: F401  # the fixture is asked for by its name

from gateway.app import Gateway
from gateway.cli import main
from gateway.settings.rules_shape import NationalityList, RestrictionsSection
from gateway.settings.shape import ModelSection

NEVER_ENDING = 100_000
MODELS = (
    ModelSection(id=GATED, upstream="demo", restrictions=RestrictionsSection(nationality=NationalityList(any_in=("KP",)))),
    ModelSection(id=REGIONAL, upstream="demo"),
    ModelSection(id=OPEN, upstream="demo", gated=False),
)


class Caller:
    """Somebody with a token: asks, or holds a stream open, of each worker; what is true of one must be true of the other."""

    def __init__(self, room: "Newsroom", **claims: Any) -> None:
        self._room = room
        self.token = room.gate.mint(**claims)
        self.streams: list[aiohttp.ClientResponse] = []

    async def asks(self, model: str = GATED) -> int:
        """Ask a short question: the status."""
        return (await self.asks_fully(model))[0]

    async def asks_fully(self, model: str = GATED) -> tuple[int, str]:
        """Ask a short question: the status and the body."""
        status, text, _ = await self.asks_with_headers(model)
        return status, text

    async def asks_with_headers(self, model: str = GATED) -> tuple[int, str, Mapping[str, str]]:
        """Ask a short question: the status, the body, the headers."""
        answers = []
        for url in self._room.urls:
            async with self._post(url, model, stream=False) as response:
                answers.append((response.status, await response.text(), response.headers))
        first, *others = answers
        assert [status for status, _, _ in others] == [first[0]] * len(others), "the workers disagree"
        return first

    async def begins_a_stream(self, model: str = GATED) -> None:
        """Open a stream that would run for hours."""
        self.streams = [await self._post(url, model, stream=True) for url in self._room.urls]
        for stream in self.streams:
            assert stream.status == 200
            await stream.content.readline()

    async def is_cut(self) -> bool:
        """Read the stream to its end: whether it was broken off, as a client sees it."""
        return await self._all(_is_cut)

    async def still_runs(self) -> bool:
        """Whether more of the stream comes."""
        return await self._all(_still_runs)

    async def _all(self, seen: Callable[[aiohttp.ClientResponse], Awaitable[bool]]) -> bool:
        assert self.streams
        answers = {await seen(stream) for stream in self.streams}
        assert len(answers) == 1, "the workers disagree"
        return answers.pop()

    def _post(self, url: str, model: str, *, stream: bool) -> Any:
        body = {"model": model, "messages": [{"role": "user", "content": "tell me"}], "stream": stream}
        if stream:
            body["max_tokens"] = NEVER_ENDING
        headers = {"authorization": f"Bearer {self.token}"}
        return self._room.gate.session.post(f"{url}/v1/chat/completions", json=body, headers=headers)


async def _is_cut(stream: aiohttp.ClientResponse) -> bool:
    try:
        async with asyncio.timeout(10):
            await stream.content.read()
    except aiohttp.ClientPayloadError:
        return True
    return False


async def _still_runs(stream: aiohttp.ClientResponse) -> bool:
    async with asyncio.timeout(10):
        while line := await stream.content.readline():
            if line.startswith(b"data"):
                return b'"error"' not in line
    return False


class Newsroom:
    """`orders` types a command and waits until every worker has applied it."""

    def __init__(self, gate: RunningGate, urls: Sequence[str], settings: Path, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.gate = gate
        self.urls = urls
        self._callers: list[Caller] = []
        self._settings = settings
        self._directory = directory
        self._capsys = capsys

    def caller(self, **claims: Any) -> Caller:
        self._callers.append(Caller(self, **claims))
        return self._callers[-1]

    def close(self) -> None:
        """End the streams that still run."""
        for caller in self._callers:
            for stream in caller.streams:
                stream.close()

    def letter(self, text: str, name: str = "letter.yaml") -> str:
        """Put an order on paper."""
        file = self._directory / name
        file.write_text(text)
        return str(file)

    async def types(self, *words: str) -> int:
        return await asyncio.to_thread(main, ["--config", str(self._settings), *words])

    async def orders(self, *words: str) -> None:
        """One command, effective at once, on every worker."""
        self._capsys.readouterr()
        assert await self.types(*words, "--wait") == 0, self._capsys.readouterr().err
        assert self._capsys.readouterr().out.count("applied in") == len(self.urls)

    async def reads(self, *words: str) -> Any:
        self._capsys.readouterr()
        assert await self.types(*words, "--json") == 0, self._capsys.readouterr().err
        return json.loads(self._capsys.readouterr().out)

    async def is_refused(self, *words: str) -> str:
        """A command that the tool refuses: what it says."""
        self._capsys.readouterr()
        assert await self.types(*words) == 1
        return self._capsys.readouterr().err

    async def record(self) -> list[tuple[str, str]]:
        """What was done, and why, in order."""
        return [(change["what"], change["why"]) for change in await self.reads("changes")]


@pytest.fixture
async def newsroom(tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Newsroom]:
    server: RedisServer = request.getfixturevalue("redis_server")
    sections = getattr(request, "param", {})
    async with running_gate(tmp_path, store=server, pace=0.01, models=MODELS, **sections) as gate:
        settings = write_settings(tmp_path / "gateway.json", gate.gateway.settings)
        second = Gateway(gate.gateway.settings, worker="w1")
        await second.start()
        room = Newsroom(gate, (gate.url, second.proxy_url), settings, tmp_path, capsys)
        try:
            yield room
        finally:
            room.close()
            await second.stop()
