"""An inference API with a memory: files, responses, conversations, batches, vector stores, threads, all under one key, told apart by id.

It knows nothing of callers: whoever knows an id gets the object, as behind any gate that has one upstream key for all.
"""

import itertools
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from msgspec import Struct

from gateway.demo import openai_shapes

PREFIXES = {
    "files": "file",
    "responses": "resp",
    "conversations": "conv",
    "batches": "batch",
    "vector_stores": "vs",
    "threads": "thread",
    "assistants": "asst",
    "messages": "msg",
    "runs": "run",
    "uploads": "upload",
    "containers": "cntr",
    "jobs": "ftjob",
}
OBJECTS = {"files": "file", "responses": "response", "batches": "batch", "vector_stores": "vector_store", "threads": "thread"}
ID = re.compile(r"\b(?:file|resp|conv|batch|vs|thread|asst|msg|run|upload|cntr|ftjob|msgbatch)-[0-9]+\b")


class Reached(Struct, frozen=True):
    """One request that came through: method, target, every id in it, the whole of its body, and who asked (a header of the test's)."""

    method: str
    target: str
    ids: frozenset[str]
    body: bytes
    asker: str = ""


class Archive:
    """`objects`: everything that was ever made and not deleted, by id. `nameless`: answer without an id, as a broken API would."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.content: dict[str, bytes] = {}
        self.makers: dict[str | None, str] = {}
        self.reached: list[Reached] = []
        self.nameless = False
        self.same = ""
        self.url = ""
        self._numbers = itertools.count(1)

    def __repr__(self) -> str:
        return f"<Archive {len(self.objects)} objects, {len(self.reached)} requests>"

    def reached_with(self, name: str) -> list[Reached]:
        """List the requests that carried an id."""
        return [one for one in self.reached if name in one.ids]

    def trespasses(self) -> list[Reached]:
        """List the requests that carried an id that somebody else had made, or nobody."""
        return [one for one in self.reached if any(self.makers.get(name) != one.asker for name in one.ids)]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        ids = frozenset(ID.findall(request.raw_path + body.decode("latin-1")))
        self.reached.append(Reached(request.method, request.raw_path, ids, body, request.headers.get("x-asker", "")))
        segments = request.path.split("/")[2:]
        if request.method == "POST":
            return await self._post(request, segments, body)
        name = next((segment for segment in reversed(segments) if ID.fullmatch(segment)), None)
        if name is None:
            return web.json_response({"object": "list", "data": list(self.objects.values()), "has_more": False})
        if name not in self.objects:
            return web.json_response({"error": {"message": f"No such object: {name}", "type": "invalid_request_error"}}, status=404)
        if request.method == "DELETE":
            del self.objects[name]
            return web.json_response({"id": name, "object": "deleted", "deleted": True})
        return self._shown(name, segments[-1])

    def _shown(self, name: str, aspect: str) -> web.Response:
        if aspect == "content":
            return web.Response(body=self.content.get(name, b"words"), content_type="application/octet-stream")
        if aspect != name:
            return web.json_response({"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None})
        return web.json_response(self.objects[name])

    async def _post(self, request: web.Request, segments: list[str], body: bytes) -> web.StreamResponse:
        kind = next((segment for segment in reversed(segments) if segment in PREFIXES), "")
        if segments[-1] not in PREFIXES:
            name = next((segment for segment in reversed(segments) if ID.fullmatch(segment)), "")
            return web.json_response(self.objects.get(name) or {"object": "list", "data": []})
        told = json.loads(body) if request.content_type == "application/json" and body else {}
        name = self.same or f"{'msgbatch' if segments[0] == 'messages' else PREFIXES[kind]}-{next(self._numbers)}"
        made = self._made(kind, name, told)
        if kind == "files":
            found = re.search(rb"filename=[^\r]*\r\n(?:[^\r]+\r\n)*\r\n(.*?)\r\n--", body, re.DOTALL)
            self.content[name] = found.group(1) if found else b""
        if kind == "batches" and segments[0] != "messages":
            output = f"file-{next(self._numbers)}"
            made |= {"output_file_id": output, "error_file_id": None, "input_file_id": told.get("input_file_id"), "status": "completed"}
            self.objects[output] = self._made("files", output, {})
        self.objects[name] = made
        self.makers |= dict.fromkeys((name, made.get("output_file_id")), request.headers.get("x-asker", ""))
        if told.get("stream"):
            return await self._stream(request, made, told)
        return web.json_response({key: value for key, value in made.items() if key != "id" or not self.nameless})

    def _made(self, kind: str, name: str, told: dict[str, Any]) -> dict[str, Any]:
        if kind == "responses":
            return openai_shapes.response(told) | {"id": name}
        bytes_and_name = {"bytes": 1, "filename": "a.txt", "purpose": "user_data", "status": "processed"} if kind == "files" else {}
        rest = {"created_at": 1, "endpoint": "/v1/chat/completions", "completion_window": "24h", "model": told.get("model")}
        return {"id": name, "object": OBJECTS.get(kind, kind), **rest, **bytes_and_name}

    async def _stream(self, request: web.Request, made: dict[str, Any], told: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for event in openai_shapes.response_events(told):
            name = b"" if self.nameless else made["id"].encode()
            await response.write(event.replace(b"resp_demo", name))
        await response.write_eof()
        return response


@asynccontextmanager
async def open_archive() -> AsyncIterator[Archive]:
    """Start one on loopback."""
    archive = Archive()
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", archive.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    archive.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield archive
    finally:
        await runner.cleanup()
