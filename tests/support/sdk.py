"""The official SDKs as a customer uses them: nothing is set but the base URL and the token as API key.

`Voice` is one way to stream (an SDK, an endpoint, sync or async); a test that is true of every voice takes `VOICES`.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import anthropic
import openai
from msgspec import Struct

MESSAGES: Any = [{"role": "user", "content": "What is a gate?"}]
SHORT = 12
ENDLESS = 100_000  # words, at the upstream's pace: longer than any test

SDK_ERRORS = (openai.APIError, anthropic.APIError)


class Running(Protocol):
    """A gate to talk to, in this process or in its own."""

    @property
    def url(self) -> str:
        """Where callers connect, without a path."""

    def mint(self, organisation: str | None = ..., **claims: Any) -> str:
        """Make a token, a partner's unless told otherwise."""


def async_openai(gate: Running, token: str | None = None) -> openai.AsyncOpenAI:
    """An asynchronous client of OpenAI's; the token is that of a partner unless given."""
    return openai.AsyncOpenAI(base_url=f"{gate.url}/v1", api_key=gate.mint() if token is None else token)


def sync_openai(gate: Running, token: str | None = None) -> openai.OpenAI:
    """A blocking client of OpenAI's; for use in a thread."""
    return openai.OpenAI(base_url=f"{gate.url}/v1", api_key=gate.mint() if token is None else token)


def async_anthropic(gate: Running, token: str | None = None) -> anthropic.AsyncAnthropic:
    """An asynchronous client of Anthropic's."""
    return anthropic.AsyncAnthropic(base_url=gate.url, api_key=gate.mint() if token is None else token)


def sync_anthropic(gate: Running, token: str | None = None) -> anthropic.Anthropic:
    """A blocking client of Anthropic's; for use in a thread."""
    return anthropic.Anthropic(base_url=gate.url, api_key=gate.mint() if token is None else token)


class Told(Struct, frozen=True):
    """What an SDK's exception lets its catcher read."""

    reason: str
    decision_id: str
    text: str


def told(error: BaseException) -> Told:
    """Read the error's parsed body: OpenAI's SDK gives the error object itself, Anthropic's the whole body."""
    assert isinstance(error, SDK_ERRORS)
    body = error.body
    assert isinstance(body, dict), f"{error!r} carries no body"
    facts = body.get("error", body)
    return Told(facts.get("reason", ""), facts.get("decision_id", ""), str(error))


class Heard:
    """What one caller has heard of a stream so far: `events`, and the decision id in the answer's head."""

    def __init__(self) -> None:
        self.events = 0
        self.decision_id = ""

    def begin(self, stream: Any) -> None:
        self.decision_id = stream.response.headers["x-gateway-decision-id"]


class Voice(Struct, frozen=True):
    """One way to stream. `opened` asks a client, sync or async, for a stream of `length` words."""

    name: str
    client: Callable[[Running, str], Any]
    opened: Callable[[Any, str, int], Any]
    blocking: bool

    async def listen(self, gate: Running, model: str, heard: Heard, *, length: int = ENDLESS, token: str | None = None) -> None:
        """Stream to the clean end; raises what the SDK raises."""
        client = self.client(gate, gate.mint() if token is None else token)
        if self.blocking:
            await asyncio.to_thread(self._listen_blocking, client, model, heard, length)
            return
        async with client:
            stream = await self.opened(client, model, length)
            heard.begin(stream)
            async for _ in stream:
                heard.events += 1

    def _listen_blocking(self, client: Any, model: str, heard: Heard, length: int) -> None:
        with client:
            stream = self.opened(client, model, length)
            heard.begin(stream)
            for _ in stream:
                heard.events += 1


def _chat(client: Any, model: str, length: int) -> Any:
    return client.chat.completions.create(model=model, messages=MESSAGES, max_completion_tokens=length, stream=True)


def _responses(client: Any, model: str, length: int) -> Any:
    return client.responses.create(model=model, input="What is a gate?", max_output_tokens=length, stream=True)


def _messages(client: Any, model: str, length: int) -> Any:
    return client.messages.create(model=model, messages=MESSAGES, max_tokens=length, stream=True)


VOICES = (
    Voice("openai chat, sync", sync_openai, _chat, blocking=True),
    Voice("openai chat, async", async_openai, _chat, blocking=False),
    Voice("openai responses, sync", sync_openai, _responses, blocking=True),
    Voice("openai responses, async", async_openai, _responses, blocking=False),
    Voice("anthropic messages, sync", sync_anthropic, _messages, blocking=True),
    Voice("anthropic messages, async", async_anthropic, _messages, blocking=False),
)
