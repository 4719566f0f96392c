"""Gateways with one hole each: the probes that are for it find it, and an honest relay beside them holds."""

import asyncio
import base64
import json
import posixpath
from collections.abc import Callable
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from support.naive import ALLOWED, FORBIDDEN, NO_HOP, TOKEN, Handler, Relay, holds_token, model_of, past, pipe, play, play_in_parts, serving
from yarl import URL

from gateway.probe.recorder import Recorder
from gateway.probe.verdict import Outcome


def by_body(request: web.Request, body: bytes) -> str | None:
    return model_of(body) if holds_token(request) else None


def plain_only(request: web.Request, body: bytes) -> str | None:
    """Read only what a strict reader reads: one object, no key twice, no key that resembles; on the one path, with no query."""
    try:
        document: Any = json.loads(body, object_pairs_hook=list, parse_constant=lambda _: 1 / 0)
    except (ValueError, ZeroDivisionError, RecursionError):
        return None
    if not body.startswith(b"{") or request.raw_path != "/v1/chat/completions" or request.method != "POST" or not holds_token(request):
        return None
    keys = [key for key, _ in document]
    return dict(document)["model"] if set(keys) <= {"model", "messages", "max_tokens", "stream"} and keys.count("model") == 1 else None


async def test_a_strict_relay_holds() -> None:
    def strict(upstream: str) -> Handler:
        return Relay(upstream, plain_only, passes=lambda name: name == "content-type").answer

    found = await play_in_parts(strict, "plain", "json", "fields", "places", "names", "routes", "paths", "framing")
    assert found["chat"].outcome is Outcome.HELD
    assert {name: finding for name, finding in found.items() if finding.outcome in {Outcome.SLIPPED, Outcome.AMBIGUOUS}} == {}


async def test_the_last_key_is_judged_and_the_body_is_passed_on(recorder: Recorder) -> None:
    async with serving(Relay(recorder.url, by_body).answer) as port:
        found = await play(recorder, port, "json")
    caught = past(found, "json")
    assert {"key twice, the first one forbidden", "escaped key before the plain one", "key in another case", "key with a space"} <= caught
    assert "key twice, the last one forbidden" not in caught, "it reads that one as everybody does"
    assert found["key twice, the first one forbidden"].outcome is Outcome.AMBIGUOUS


async def test_other_fields_are_passed_on(recorder: Recorder) -> None:
    async with serving(Relay(recorder.url, by_body).answer) as port:
        found = await play(recorder, port, "fields")
    assert past(found, "fields") == {name for name, finding in found.items() if finding.kind == "fields"}


async def test_the_query_wins_upstream_and_the_body_is_judged(recorder: Recorder) -> None:
    async with serving(Relay(recorder.url, by_body).answer) as port:
        found = await play(recorder, port, "places")
    assert {"query forbidden, body allowed", "query behind a semicolon", "path forbidden, body allowed"} <= past(found, "places")
    assert "query allowed, body forbidden" not in past(found, "places")


async def test_the_query_is_judged_and_the_body_is_run(recorder: Recorder) -> None:
    def by_query_first(request: web.Request, body: bytes) -> str | None:
        return request.query.get("model") or by_body(request, body)

    async with serving(Relay(recorder.url, by_query_first).answer) as port:
        found = await play(recorder, port, "places")
    assert found["query allowed, body forbidden"].outcome is Outcome.SLIPPED


async def test_a_route_that_is_not_checked() -> None:
    def chat_only(request: web.Request, body: bytes) -> str | None:
        return by_body(request, body) if request.path == "/v1/chat/completions" else ALLOWED

    found = await play_in_parts(lambda upstream: Relay(upstream, chat_only).answer, "plain", "batches", "stored", "forms")
    assert "/v1/responses" in past(found, "plain")
    assert "/v1/chat/completions" not in past(found, "plain")
    assert past(found, "forms") == {name for name, finding in found.items() if finding.kind == "forms"}
    assert len(past(found, "stored")) > 20
    assert len(past(found, "batches")) == 5


async def test_a_body_that_is_not_json_is_not_looked_at(recorder: Recorder) -> None:
    def if_json(request: web.Request, body: bytes) -> str | None:
        plain = request.content_type == "application/json" and "content-encoding" not in request.headers
        return by_body(request, body) if plain else ALLOWED

    async with serving(Relay(recorder.url, if_json).answer) as port:
        found = await play(recorder, port, "encodings")
    assert {"gzip", "no content type", "text/plain", "plain, said to be br", "two members, the second forbidden"} <= past(
        found, "encodings"
    )
    assert "gzip, nothing said" not in past(found, "encodings")


async def test_a_denied_name_is_compared_as_it_is_spelled(recorder: Recorder) -> None:
    def unless_denied(request: web.Request, body: bytes) -> str | None:
        return ALLOWED if holds_token(request) and model_of(body) != FORBIDDEN else None

    async with serving(Relay(recorder.url, unless_denied).answer) as port:
        found = await play(recorder, port, "names")
    assert past(found, "names") == {name for name, finding in found.items() if finding.kind == "names"}


async def test_the_path_is_tidied_up_to_be_judged(recorder: Recorder) -> None:
    def exempt(request: web.Request, body: bytes) -> str | None:
        tidied = posixpath.normpath(request.path)
        if request.raw_path.startswith("/openai/deployments/"):
            return ALLOWED if holds_token(request) and request.raw_path.startswith(f"/openai/deployments/{ALLOWED}") else None
        return ALLOWED if tidied.startswith("/health") or request.raw_path.startswith("/health") else by_body(request, body)

    async with serving(Relay(recorder.url, exempt).answer) as port:
        found = await play(recorder, port, "paths")
    caught = past(found, "paths")
    assert {"deployment, encoded dots", "deployment, encoded slashes", "deployment, dots with parameters"} <= caught
    assert {"from an exempt path, encoded", "from an exempt path, with a parameter"} <= caught


async def test_the_hosts_path_is_checked(recorder: Recorder) -> None:
    def by_url(request: web.Request, body: bytes) -> str | None:
        path = URL(f"http://{request.headers.get('host', 'x')}{request.raw_path}").path
        return ALLOWED if path.startswith("/health") else by_body(request, body)

    async with serving(Relay(recorder.url, by_url).answer) as port:
        found = await play(recorder, port, "hosts")
    assert {"with a path, no credential", "with a path and a question mark, forbidden model"} <= past(found, "hosts")


async def test_credentials_and_headers_pass(recorder: Recorder) -> None:
    async with serving(Relay(recorder.url, by_body, passes=lambda name: name not in NO_HOP - {"authorization"}).answer) as port:
        found = await play(recorder, port, "own headers")
    assert {"the credential itself", "with underscores", "named by Connection"} <= past(found, "own headers")


async def test_the_family_is_removed_in_one_spelling_only(recorder: Recorder) -> None:
    async with serving(Relay(recorder.url, by_body, passes=lambda name: name not in NO_HOP | {"x-gateway-org"}).answer) as port:
        found = await play(recorder, port, "own headers")
    caught = past(found, "own headers")
    assert {"with underscores", "with dots", "mixed"} <= caught
    assert not {"as it is", "in upper case", "the credential itself"} & caught


async def test_a_cache_keyed_by_the_beginning_of_the_token(recorder: Recorder) -> None:
    known: set[str] = set()

    def cached(request: web.Request, body: bytes) -> str | None:
        begins = request.headers.get("authorization", "")[:27]
        if begins not in known and not holds_token(request):
            return None
        known.add(begins)
        return model_of(body)

    async with serving(Relay(recorder.url, cached).answer) as port:
        found = await play(recorder, port, "credentials")
    assert "one that begins like a verified one" in past(found, "credentials")


async def test_the_first_of_two_credentials_is_checked(recorder: Recorder) -> None:
    async with serving(Relay(recorder.url, by_body).answer) as port:
        found = await play(recorder, port, "credentials")
    assert past(found, "credentials") == {"the valid one, then another", "another one in the other header"}


def part(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_a_signature_is_not_looked_at(recorder: Recorder) -> None:
    def unsigned(request: web.Request, body: bytes) -> str | None:
        parts = request.headers.get("authorization", "").removeprefix("Bearer ").split(".")
        return model_of(body) if len(parts) == 3 else None

    async with serving(Relay(recorder.url, unsigned).answer) as port:
        token = f"{part({'alg': 'ES256'})}.{part({'sub': 'a'})}.{part({'no': 'signature'})}"
        found = await play(recorder, port, "tokens", token=token)
    assert {"algorithm none", "the payload changed", "spare bits set", "padding behind it"} <= past(found, "tokens")
    assert "two parts" not in past(found, "tokens")


async def test_a_websocket_is_judged_by_its_handshake() -> None:
    async def talk(upstream: str, request: web.Request) -> web.StreamResponse:
        if "upgrade" not in request.headers:
            return await Relay(upstream, by_body).answer(request)
        if request.query.get("model") != ALLOWED or not holds_token(request):
            return web.json_response({"error": "no"}, status=403)
        caller = web.WebSocketResponse()
        await caller.prepare(request)
        async with aiohttp.ClientSession() as session, session.ws_connect(upstream + request.raw_path) as api:
            async for message in caller:
                await (api.send_bytes(message.data) if message.type is aiohttp.WSMsgType.BINARY else api.send_str(message.data))
        return caller

    found = await play_in_parts(lambda upstream: partial(talk, upstream), "websocket events", "websocket frames")
    assert found["realtime"].outcome is Outcome.HELD
    assert {"session.update", "response.create", "a second event, after an honest one"} <= past(found, "websocket events")
    assert {"query twice, the last forbidden"} <= past(found, "websocket events")
    assert "no model at all" not in past(found, "websocket events")
    assert {"in two fragments", "binary", "compressed"} <= past(found, "websocket frames")


async def test_another_model_is_tried_when_the_first_one_fails(recorder: Recorder) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if by_body(request, body) != ALLOWED:
            return web.json_response({}, status=403)
        async with aiohttp.ClientSession() as session:
            for model in (ALLOWED, FORBIDDEN):
                async with session.post(recorder.url + request.path, json={"model": model}) as came:
                    if came.status == 200:
                        return web.json_response(await came.json())
        return web.json_response({}, status=502)

    async with serving(answer) as port:
        found = await play(recorder, port, "fallbacks")
    assert past(found, "fallbacks") == {name for name, finding in found.items() if finding.kind == "fallbacks"}


async def test_a_list_of_models_is_passed_on(recorder: Recorder) -> None:
    async with serving(Relay(recorder.url, lambda request, body: by_body(request, body) if body else ALLOWED).answer) as port:
        found = await play(recorder, port, "catalogue")
    assert {"GET /v1/models", "GET /v1/models/…"} <= past(found, "catalogue")


async def left_running(recorder: Recorder, running: set[asyncio.Task[None]], request: web.Request) -> web.StreamResponse:
    """Read the upstream to its end in a task of its own, whoever listens."""
    body = await request.read()
    if by_body(request, body) != ALLOWED:
        return web.json_response({}, status=403)
    pieces: asyncio.Queue[bytes] = asyncio.Queue()

    async def read() -> None:
        async with aiohttp.ClientSession() as session, session.post(recorder.url + request.path, data=body) as came:
            async for piece in came.content.iter_any():
                pieces.put_nowait(piece)
            pieces.put_nowait(b"")

    task = asyncio.create_task(read())
    running.add(task)
    response = web.StreamResponse()
    await response.prepare(request)
    while piece := await pieces.get():
        await response.write(piece)
    return response


async def test_an_upstream_that_is_left_running(recorder: Recorder) -> None:
    running: set[asyncio.Task[None]] = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        return await left_running(recorder, running, request)

    async with serving(answer) as port:
        found = await play(recorder, port, "after")
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert past(found, "after") == {"the caller leaves its stream"}


@pytest.mark.parametrize(
    ("heeds", "caught"),
    [(lambda: False, {"revoked while it streams", "revoked, asks again"}), (lambda: True, {"revoked while it streams"})],
)
async def test_a_revocation_that_is_not_heeded(recorder: Recorder, heeds: Callable[[], bool], caught: set[str]) -> None:
    revoked = asyncio.Event()

    async def revoke() -> None:
        revoked.set()

    def judge(request: web.Request, body: bytes) -> str | None:
        return None if revoked.is_set() and heeds() else by_body(request, body)

    async with serving(Relay(recorder.url, judge).answer) as port:
        found = await play(recorder, port, "after", revoke=revoke)
    assert past(found, "after") == caught


async def test_the_time_of_a_cut_is_told(recorder: Recorder) -> None:
    lines: list[asyncio.StreamWriter] = []

    async def revoke() -> None:
        for line in lines:
            line.close()

    async with pipe(recorder.port, lines) as port:
        found = await play(recorder, port, "after", revoke=revoke)
    assert found["revoked while it streams"].outcome is Outcome.HELD
    assert "cut after" in found["revoked while it streams"].answer


def test_the_names_and_the_token_tell_themselves_apart() -> None:
    assert ALLOWED not in FORBIDDEN
    assert FORBIDDEN not in ALLOWED
    assert len(TOKEN) > 20
