"""Every dialect at the door: its own refusals, its lists, forms byte for byte, and streams that end as its clients can read."""

import asyncio
import gzip
import json

import pytest
from msgspec import structs
from support.asked import BOUNDARY, form, plain
from support.house import open_stage, policy
from support.wire_ends import OK, SSE_HEAD, Script, answering, chunk, raw_caller, read_request, scripted

from gateway.policy.snapshot import Grant
from gateway.wire.route import Kind
from gateway.wire.routes import TABLE

WITHOUT_ACME = policy(frontier={"beta": Grant()}, revision=2)
INFERENCE = [(method, shape, route) for (method, shape), route in TABLE.items() if route.kind is Kind.INFERENCE]
STATEFUL = [(method, shape) for (method, shape), route in TABLE.items() if route.kind is Kind.STATEFUL]


def starting(beginning: bytes) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(beginning)
        await writer.drain()
        await reader.read()

    return script


def raw(method: bytes, target: bytes, token: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    fields = b"".join(b"%b: %b\r\n" % field for field in headers)
    head = b"%b %b HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer %b\r\n%bcontent-length: %d\r\n\r\n"
    return head % (method, target, token, fields, len(body)) + body


async def test_every_route_that_reaches_a_model_goes_through_the_one_decision() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for method, shape, route in INFERENCE:
            asked = plain(method, shape, route, "frontier")
            for token, status in ((b"acme", b"200"), (b"stranger", b"403")):
                before = len(upstream.requests)
                caller.send(raw(method, asked.target, token, asked.headers, asked.body))
                head, body = await caller.answer()
                assert head.startswith(b"HTTP/1.1 " + status), (shape, head, body)
                assert len(upstream.requests) - before == (status == b"200")
            assert upstream.requests[-1].startswith(method + b" " + asked.target + b" HTTP/1.1\r\n")
            assert upstream.requests[-1].endswith(b"\r\n\r\n" + asked.body)


async def test_no_stateful_route_reaches_the_upstream() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for method, shape in STATEFUL:
            path = "/".join("x_1" if segment.startswith("{") and "}:" not in segment else segment for segment in shape.split("/"))
            caller.send(raw(method, path.replace("{model}", "open").encode(), b"acme", [], b""))
            head, body = await caller.answer()
            assert head.startswith(b"HTTP/1.1 403"), shape
            assert b"route_not_allowed" in body
            assert b"stored objects" in body
        assert upstream.requests == []


@pytest.mark.parametrize(
    ("path", "headers", "key"),
    [
        (b"/v1/models", [], "data"),
        (b"/v1/models", [(b"x-goog-api-client", b"x")], "models"),
        (b"/openai/models?api-version=1", [], "data"),
        (b"/openai/v1/models", [], "data"),
        (b"/v1beta/models", [], "models"),
        (b"/foundation-models", [], "modelSummaries"),
    ],
)
async def test_each_list_shows_what_this_caller_may_use(path: bytes, headers: list[tuple[bytes, bytes]], key: str) -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, raw_caller(stage.port) as caller:
        for token, count in ((b"acme", 2), (b"stranger", 1)):
            caller.send(raw(b"GET", path, token, headers, b""))
            _, body = await caller.answer()
            assert len(json.loads(body)[key]) == count
        for item, status in ((b"/open", b"200"), (b"/frontier", b"404")):
            caller.send(raw(b"GET", path.partition(b"?")[0] + item, b"stranger", headers, b""))
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 " + status)


async def cut(target: bytes, beginning: bytes, until: bytes, body: bytes = b"{}") -> tuple[bytes, bool]:
    """Ask, read `until`, revoke: what else came, and whether the connection was reset."""
    async with scripted(starting(beginning)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.send(raw(b"POST", target, b"acme", [(b"content-type", b"application/json")], body))
        await caller.until(until)
        stage.publish(WITHOUT_ACME)
        rest, reset = await caller.rest()
        await asyncio.wait_for(upstream.closed.wait(), 5)
        assert not rest.endswith(b"0\r\n\r\n"), "never a clean end"
        return rest, reset


async def test_gemini_events_end_with_an_error() -> None:
    beginning = SSE_HEAD + chunk(b'data: {"a":1}\r\n\r\ndata: {"ha')
    rest, reset = await cut(b"/v1beta/models/frontier:streamGenerateContent?alt=sse", beginning, b'{"a":1}\r\n\r\n')
    assert not reset
    event = json.loads(rest.partition(b"data: ")[2].partition(b"\n\n")[0])
    assert event["error"]["status"] == "PERMISSION_DENIED"
    assert event["error"]["reason"] == "org_not_approved"


async def test_a_gemini_array_ends_with_an_error_element() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=UTF-8\r\ntransfer-encoding: chunked\r\n\r\n"
    rest, reset = await cut(b"/v1beta/models/frontier:streamGenerateContent", head + chunk(b'[{"a": 1}\n,\r\n{"b": "ha'), b'[{"a": 1}\r\n')
    assert not reset
    last = rest.partition(b"\r\n")[2].removesuffix(b"\r\n")
    assert json.loads(b'[{"a": 1}' + last)[1]["error"]["reason"] == "org_not_approved"


async def test_bedrocks_binary_stream_is_broken_off() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n"
    _, reset = await cut(b"/model/frontier/converse-stream", head + chunk(b"\0\0\0\x10some"), b"some")
    assert reset


async def test_cohere_events_end_with_an_error_not_a_completion() -> None:
    rest, _ = await cut(b"/v2/chat", SSE_HEAD + chunk(b"data: {}\n\n"), b"data: {}\n\n", b'{"model":"frontier","stream":true}')
    data = json.loads(rest.partition(b"data: ")[2].partition(b"\n\n")[0])
    assert data["delta"]["finish_reason"] == "ERROR"


async def test_a_form_and_a_compressed_body_go_upstream_byte_for_byte() -> None:
    content_type = (b"content-type", b"multipart/form-data; boundary=" + BOUNDARY)
    body = form([("model", b"frontier"), ("prompt", b"x")])
    packed = gzip.compress(b'{"model":"frontier"}')
    asked = [
        (b"/v1/audio/transcriptions", [content_type], body),
        (b"/v1/chat/completions", [(b"content-encoding", b"gzip"), (b"content-type", b"application/json")], packed),
    ]
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for target, headers, sent in asked:
            caller.send(raw(b"POST", target, b"acme", headers, sent))
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 200")
            received = upstream.requests[-1]
            assert received.endswith(b"\r\n\r\n" + sent)
            assert all(b"\r\n%b: %b\r\n" % field in received for field in headers)


async def test_a_plain_route_runs_the_model_to_which_the_catalogue_binds_it() -> None:
    asked = raw(b"POST", b"/generate", b"stranger", [(b"content-type", b"application/json")], b'{"inputs":"hi"}')
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.send(asked)
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 404")
        assert b"model_not_found" in body
        for model, status in (("open", b"200"), ("frontier", b"403")):
            snapshot = stage.policy.snapshot
            stage.publish(structs.replace(snapshot, catalogue={**snapshot.catalogue, "/generate": snapshot.catalogue[model]}))
            caller.send(asked)
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 " + status)
        assert len(upstream.requests) == 1
