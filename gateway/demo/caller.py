"""One caller of the gate with one token: asks, streams, and tells plainly what came back."""

import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

import aiohttp
from msgspec import Struct

from gateway.policy.vocabulary import Reason

Dialect = Literal["openai", "anthropic"]

PATHS: Final[Mapping[Dialect, str]] = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
PATIENCE: Final = aiohttp.ClientTimeout(total=20.0)
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Answer(Struct, frozen=True):
    """What came back: `reason` as the dialect spells it, empty where allowed; `revision` of the policy; `seconds` it took."""

    status: int
    reason: str
    revision: int
    body: dict[str, Any]
    seconds: float

    def __str__(self) -> str:
        return f"{self.status} {self.reason}".strip()


class Played(Struct, frozen=True):
    """How a stream went: its events, whether its clean end came, the reason it was cut with, and when its last byte came (perf_counter)."""

    status: int
    events: int
    clean: bool
    reason: str
    last_byte_at: float

    def __str__(self) -> str:
        return "whole" if self.clean else f"cut: {self.reason or 'connection broken'}"


class Caller:
    """Asks in either dialect, with a token or without one; `headers` join every request."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str = "", headers: Mapping[str, str] = NO_HEADERS) -> None:
        self._session = session
        self._url = url
        self._token = token
        self._headers = dict(headers)

    async def ask(self, model: str, dialect: Dialect = "openai") -> Answer:
        """Ask for a short completion."""
        begun = time.perf_counter()
        async with self._post(model, dialect, length=12, stream=False) as response:
            return await _answer(response, begun)

    async def models(self) -> Answer:
        """Ask which models there are for this caller."""
        begun = time.perf_counter()
        async with self._session.get(f"{self._url}/v1/models", headers=self._all_headers("openai"), timeout=PATIENCE) as response:
            return await _answer(response, begun)

    async def play(self, model: str, dialect: Dialect = "openai", length: int = 24) -> Played:
        """Ask for a stream of `length` words and read it to its end, whichever end that is."""
        async with self._post(model, dialect, length=length, stream=True) as response:
            return await _played(response)

    def _post(self, model: str, dialect: Dialect, *, length: int, stream: bool) -> aiohttp.client._RequestContextManager:
        body = {"model": model, "max_tokens": length, "stream": stream, "messages": [{"role": "user", "content": "What is a gate?"}]}
        return self._session.post(self._url + PATHS[dialect], json=body, headers=self._all_headers(dialect), timeout=PATIENCE)

    def _all_headers(self, dialect: Dialect) -> dict[str, str]:
        name, prefix = ("authorization", "Bearer ") if dialect == "openai" else ("x-api-key", "")
        credential = {name: prefix + self._token} if self._token else {}
        return self._headers | credential


async def _answer(response: aiohttp.ClientResponse, begun: float) -> Answer:
    body = _object(await response.read())
    revision = int(response.headers.get("x-gateway-revision", "0"))
    return Answer(response.status, _reason(body), revision, body, time.perf_counter() - begun)


async def _played(response: aiohttp.ClientResponse) -> Played:
    """Read line by line, so that the last byte's instant is known also where the connection breaks."""
    events, clean, reason, last = 0, False, "", time.perf_counter()
    try:
        async for line in response.content:
            last = time.perf_counter()
            if line.startswith(b"data: "):
                events += 1
                clean = clean or line.startswith(b"data: [DONE]") or b'"message_stop"' in line
                reason = reason or _reason(_object(line.removeprefix(b"data: ")))
    except aiohttp.ClientError:
        pass  # broken off: there is nothing more to read, and `clean` says so
    return Played(response.status, events, clean, reason, last)


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _reason(body: dict[str, Any]) -> str:
    """Find the reason: an OpenAI `code`, an Anthropic `reason`, or a word of the closed set in the message."""
    error = body.get("error")
    if not isinstance(error, dict):
        return ""
    said = error.get("reason") or body.get("reason") or error.get("code")
    if isinstance(said, str):
        return said
    words = str(error.get("message", "")).replace("(", " ").replace(")", " ").replace(".", " ").split()
    return next((word for word in words if word in set(Reason)), str(error.get("type", "")))
