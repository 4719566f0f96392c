"""An inference API for demonstrations and tests: OpenAI and Anthropic shapes, whole, streaming, realtime; remembers what it was asked."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from aiohttp import WSMsgType, web
from msgspec import Struct

from gateway.demo import anthropic_shapes, openai_shapes, realtime

MOST_REMEMBERED: Final = 1000
LARGEST_BODY: Final = 64 * 1024 * 1024
BROKEN_OFF: Final = 1006  # what no close frame says (RFC 6455 section 7.4.1)

Shape = Callable[[dict[str, Any]], dict[str, Any]]
Events = Callable[[dict[str, Any]], Iterator[bytes]]

ROUTES: Final[dict[str, tuple[Shape, Events | None]]] = {
    "/v1/chat/completions": (openai_shapes.chat, openai_shapes.chat_events),
    "/v1/completions": (openai_shapes.completion, openai_shapes.completion_events),
    "/v1/responses": (openai_shapes.response, openai_shapes.response_events),
    "/v1/embeddings": (openai_shapes.embeddings, None),
    "/v1/images/generations": (openai_shapes.images, None),
    "/v1/moderations": (openai_shapes.moderations, None),
    "/v1/messages": (anthropic_shapes.message, anthropic_shapes.message_events),
    "/v1/messages/count_tokens": (anthropic_shapes.token_count, None),
}


class ReceivedRequest(Struct, frozen=True):
    """One request as it arrived: `headers` as (name, value) in order, names as spelled."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Give the first value of a header, names compared without case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class DemoUpstream:
    """Serves until stopped. `pace`: seconds between two events of a stream; `break_after`: events until it drops a stream's connection.

    Clear `flowing` to hold every answer before its next byte. `requests` keeps the last 1000, `open_streams` counts running
    streams, `cancelled` those that their reader left.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, pace: float = 0.02) -> None:
        self.host = host
        self.port = port
        self.pace = pace
        self.break_after: int | None = None
        self.requests: deque[ReceivedRequest] = deque(maxlen=MOST_REMEMBERED)
        self.open_streams = 0
        self.cancelled = 0
        self.events_sent = 0
        self.flowing = asyncio.Event()
        self.flowing.set()
        self._runner: web.AppRunner | None = None
        self._waiting: list[asyncio.Future[None]] = []

    def __repr__(self) -> str:
        return f"DemoUpstream({self.url} requests={len(self.requests)} streams={self.open_streams} cancelled={self.cancelled})"

    @property
    def url(self) -> str:
        """Its address, without a path; the port is real after `start`."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen; port 0 becomes a free one. Raises OSError where the port is taken."""
        app = web.Application(client_max_size=LARGEST_BODY)
        for path in ROUTES:
            app.router.add_post(path, self._answer)
        app.router.add_post("/v1/audio/speech", self._speak)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/realtime", self._talk)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def until(self, condition: Callable[["DemoUpstream"], bool], within: float = 5.0) -> None:
        """Return once `condition` holds of this server; raises TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            while not condition(self):
                self._waiting.append(change := asyncio.get_running_loop().create_future())
                await change

    def _changed(self) -> None:
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done():
                change.set_result(None)

    async def _remember(self, request: web.Request) -> bytes:
        body = await request.read()
        self.requests.append(ReceivedRequest(request.method, request.raw_path, tuple(request.headers.items()), body))
        self._changed()
        await self.flowing.wait()
        return body

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            body = json.loads(await self._remember(request))
        except ValueError:
            return web.json_response({"error": {"type": "invalid_request_error", "message": "the body is not JSON"}}, status=400)
        whole, events = ROUTES[request.path]
        if body.get("stream") and events is not None:
            return await self._stream(request, events(body))
        return web.json_response(whole(body), headers={"x-demo-upstream": "1"})

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        await self._remember(request)
        return web.Response(body=bytes(range(256)) * 16, content_type="audio/mpeg")

    async def _models(self, request: web.Request) -> web.StreamResponse:
        await self._remember(request)
        return web.json_response({"object": "list", "data": [{"id": "upstream-only", "object": "model", "created": 0, "owned_by": "demo"}]})

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        await self._remember(request)
        socket = web.WebSocketResponse(protocols=("realtime",), max_msg_size=LARGEST_BODY, compress=False)
        await socket.prepare(request)
        self.open_streams += 1
        try:
            await self._say(socket, realtime.greeting(request.query.get("model", "")))
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    await socket.send_bytes(message.data)
                    continue
                for event in realtime.answers(message.data):
                    await self._say(socket, event)
            if socket.close_code is None or socket.close_code == BROKEN_OFF:
                self.cancelled += 1
        except (asyncio.CancelledError, ConnectionError):
            self.cancelled += 1
            raise
        finally:
            self.open_streams -= 1
            self._changed()
        return socket

    async def _say(self, socket: web.WebSocketResponse, event: str) -> None:
        await self.flowing.wait()
        await socket.send_str(event)
        self.events_sent += 1
        self._changed()
        await asyncio.sleep(self.pace)

    async def _stream(self, request: web.Request, events: Iterator[bytes]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-cache"})
        self.open_streams += 1
        try:
            await response.prepare(request)
            for count, event in enumerate(events):
                if count == self.break_after and request.transport is not None:
                    request.transport.abort()
                await self._send(response, event)
            await response.write_eof()
        except (asyncio.CancelledError, ConnectionError):
            self.cancelled += 1
            raise
        finally:
            self.open_streams -= 1
            self._changed()
        return response

    async def _send(self, response: web.StreamResponse, event: bytes) -> None:
        await self.flowing.wait()
        await response.write(event)
        self.events_sent += 1
        self._changed()
        await asyncio.sleep(self.pace)
