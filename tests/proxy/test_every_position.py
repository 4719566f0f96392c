"""Every line of the table on a running gate, with a forbidden model in every position: nothing of it arrives at the recording upstream.

The caller may use `open`, and may not use `frontier`. A decision other than a permit for `open` alone is a refusal.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import pytest
from msgspec import Struct
from support.asked import Asked, form, path_of, plain, with_another
from support.house import Stage, open_stage
from support.sockets import shake, socket_caller, text
from support.wire_ends import OK, ScriptedUpstream, raw_caller, read_request, scripted

from gateway.wire.frame_reader import FrameReader
from gateway.wire.route import Content, Kind, Route
from gateway.wire.routes import TABLE
from gateway.wire.websocket import Frame, Opcode

ALLOWED, FORBIDDEN = "open", "frontier"
RUNNING = [(method, shape, route) for (method, shape), route in TABLE.items() if route.kind is Kind.INFERENCE]
SPEAKING = [(shape, route) for (_, shape), route in TABLE.items() if route.kind is Kind.REALTIME]
OTHERS = [(method, shape) for (method, shape), route in TABLE.items() if route.kind not in (Kind.INFERENCE, Kind.REALTIME)]
LINE = json.dumps({"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": FORBIDDEN}}).encode() + b"\n"
EVENT = b'{"type":"response.create","response":{"model":"frontier"}}'


class Scene(Struct):
    """A gate, what arrived behind it, and what was said on WebSockets there."""

    stage: Stage
    upstream: ScriptedUpstream
    said: list[bytes]

    async def asks(self, asked: Asked, token: bytes = b"stranger") -> bytes:
        """Ask on a connection of its own; give the status."""
        fields = b"".join(b"%b: %b\r\n" % field for field in asked.headers)
        head = b"%b %b HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer %b\r\nconnection: close\r\n%bcontent-length: %d\r\n\r\n"
        async with raw_caller(self.stage.port) as caller:
            caller.send(head % (asked.method, asked.target, token, fields, len(asked.body)) + asked.body)
            answer, _ = await caller.rest()
        return answer[9:12]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    said: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await read_request(reader):
            if b"\r\nupgrade: websocket\r\n" in request:
                writer.write(shake(request))
                said.append(await reader.read())
                return
            writer.write(OK)
            await writer.drain()

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage:
        yield Scene(stage, upstream, said)


async def test_where_only_the_allowed_model_is_named_requests_do_arrive(scene: Scene) -> None:
    for number, (method, shape, route) in enumerate(RUNNING, 1):
        assert await scene.asks(plain(method, shape, route, ALLOWED)) == b"200", shape
        assert len(scene.upstream.requests) == number


async def test_for_every_request_that_arrives_there_is_one_decision_on_record(scene: Scene) -> None:
    for method, shape, route in RUNNING:
        await scene.asks(plain(method, shape, route, ALLOWED))
    decided = [json.loads(line) for line in scene.stage.notebook.lines]
    permitted = [(line["route"], line["model"]) for line in decided if line.get("decision") == "permit"]
    assert permitted == [(route.name, ALLOWED) for _, _, route in RUNNING]
    assert len(scene.upstream.requests) == len(RUNNING)


async def test_the_forbidden_model_alone_never_arrives(scene: Scene) -> None:
    for method, shape, route in RUNNING:
        assert await scene.asks(plain(method, shape, route, FORBIDDEN)) == b"403", shape
    assert scene.upstream.requests == []


async def test_the_forbidden_model_in_one_position_more_never_arrives(scene: Scene) -> None:
    positions: dict[str, int] = {}
    for method, shape, route in RUNNING:
        for position, asked in with_another(method, shape, route, ALLOWED, FORBIDDEN):
            status = await scene.asks(asked)
            assert status in {b"400", b"403", b"404"}, (shape, position, status)
            assert scene.upstream.requests == [], (shape, position)
            positions[position] = positions.get(position, 0) + 1
    assert {"query model", "header x-model", "form model", "key model last", "within tools"} <= set(positions)
    assert sum(positions.values()) > 2000


def elsewhere(method: bytes, shape: str) -> Iterator[Asked]:
    """Requests for a route that runs no model, with one named wherever it can be."""
    path = path_of(
        "/".join("x_1" if part.startswith("{") and not part.startswith("{model") else part for part in shape.split("/")), FORBIDDEN
    )
    body = json.dumps(
        {"model": FORBIDDEN, "input_file_id": "file-1", "requests": [{"custom_id": "1", "params": {"model": FORBIDDEN}}]}
    ).encode()
    as_form = [(b"content-type", b"multipart/form-data; boundary=--bound")]
    yield Asked(method, path, [], b"")
    yield Asked(method, path + b"?model=frontier", [(b"x-model", b"frontier")], b"")
    yield Asked(method, path, [(b"content-type", b"application/json")], body)
    yield Asked(method, path, [(b"content-type", b"application/jsonl")], LINE * 3)
    yield Asked(method, path, as_form, form([("purpose", b"batch"), ("model", b"frontier"), ("file", LINE)]))


async def test_routes_that_run_no_model_pass_nothing_on(scene: Scene) -> None:
    for method, shape in OTHERS:
        for asked in elsewhere(method, shape):
            for token in (b"stranger", b"acme"):
                await scene.asks(asked, token)
    assert scene.upstream.requests == []
    assert len(OTHERS) > 150


@pytest.mark.parametrize(("shape", "route"), SPEAKING, ids=[route.name for _, route in SPEAKING])
async def test_a_websocket_for_the_forbidden_model_is_not_opened(scene: Scene, shape: str, route: Route) -> None:
    assert route.content is Content.JSON
    for target, extra in (
        (b"?model=frontier", b""),
        (b"?model=open&model=frontier", b""),
        (b"?model=open&Model=frontier", b""),
        (b"?model=open&deployment=frontier", b""),
        (b"?model=open", b"x-model: frontier\r\n"),
        (b"", b""),
        (b"?deployment=frontier", b""),
    ):
        async with socket_caller(scene.stage.port) as caller:
            caller.ask(shape.encode() + target, token=b"stranger", extra=extra)
            head = await caller.raw.head()
            assert head[9:10] == b"4", (target, head)
    assert scene.upstream.requests == []


@pytest.mark.parametrize(
    "frames",
    [
        [text(EVENT)],
        [text(EVENT[:20], final=False), Frame(Opcode.PING, b"x"), Frame(Opcode.CONTINUATION, EVENT[20:])],
        [
            *(text(EVENT[:1], final=False),),
            *(Frame(Opcode.CONTINUATION, EVENT[at : at + 1], at == len(EVENT) - 1) for at in range(1, len(EVENT))),
        ],
        [text(b'{"type":"x"}'), text(EVENT.replace(b'"model"', b'"mod\\u0065l"'))],
        [text(EVENT.replace(b'"model"', b'"Model"'))],
        [text(EVENT.replace(b'"model":', b'"model":"open","model":'))],
        [text(b'{"a":' * 7 + b'{"model":"frontier"}' + b"}" * 7)],
        [text(b'{"a":' * 40 + b'{"model":"frontier"}' + b"}" * 40)],
        [text(b"[" + EVENT + b"]")],
    ],
    ids=["whole", "fragments", "single bytes", "escaped", "case", "twice", "deep", "too deep", "list"],
)
async def test_a_frame_that_names_the_forbidden_model_never_arrives(scene: Scene, frames: list[Frame]) -> None:
    for shape, _ in SPEAKING:
        async with socket_caller(scene.stage.port) as caller:
            caller.ask(shape.encode() + b"?model=open", token=b"stranger")
            assert (await caller.raw.head()).startswith(b"HTTP/1.1 101 ")
            caller.say(*frames)
            code, _ = await caller.hear_close()
            assert code == 1008
    await scene.stage.gate.doors.drain(5)
    assert len(scene.said) == len(SPEAKING)
    for each in scene.said:
        frames = FrameReader(masked=True, largest=1 << 20).feed(each)
        assert not [frame for frame in frames if b"frontier" in frame.payload]
