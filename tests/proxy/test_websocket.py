"""The opening of a WebSocket: decided like any request, refused like one; made afresh with the upstream."""

import asyncio

import pytest
from support.house import open_stage, policy
from support.sockets import KEY, NONCE, silent, socket_caller, speaking, text
from support.wire_ends import OK, answering, eventually, read_request, scripted

from gateway.policy.snapshot import Grant
from gateway.wire.websocket import encode

WITHOUT_ACME = policy(frontier={"beta": Grant()}, revision=2)


async def test_the_handshake_is_made_afresh_with_the_upstream() -> None:
    asked = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await read_request(reader))
        del writer

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, socket_caller(stage.port) as caller:
        caller.ask(extra=b"sec-websocket-protocol: realtime, openai-beta.realtime-v1\r\norigin: https://app.example\r\n")
        await caller.raw.head()
    lines = asked[0].lower().split(b"\r\n")
    assert lines[0] == b"get /v1/realtime?model=frontier http/1.1"
    assert b"authorization: bearer the-gates-own-key" in lines
    assert b"sec-websocket-protocol: realtime, openai-beta.realtime-v1" in lines
    assert b"origin: https://app.example" in lines
    assert asked[0].count(b"sec-websocket-key: ") == 1
    assert NONCE not in asked[0]
    assert b"acme" not in asked[0]
    assert not [line for line in lines if line.startswith((b"sec-websocket-extensions", b"content-length"))]


async def test_the_callers_key_is_answered_and_the_upstreams_subprotocol_passed_on() -> None:
    script = speaking(silent, b"sec-websocket-protocol: realtime\r\nx-request-id: theirs\r\nx-gateway-org: forged\r\n")
    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, socket_caller(stage.port) as caller:
        caller.ask(extra=b"sec-websocket-protocol: realtime\r\n")
        head = await caller.raw.head()
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        for line in (b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", b"sec-websocket-protocol: realtime", b"upgrade: websocket"):
            assert line + b"\r\n" in head
        assert b"x-gateway-revision: 1\r\n" in head
        assert b"x-upstream-request-id: theirs\r\n" in head
        assert b"forged" not in head
        assert head.count(b"sec-websocket-accept") == 1
        assert stage.metrics.streams_open.labels("frontier").value == 1


@pytest.mark.parametrize(
    ("target", "token", "status", "reason"),
    [
        (b"/v1/realtime?model=frontier", b"stranger", b"403", b"org_not_approved"),
        (b"/v1/realtime?model=frontier", b"bad", b"401", b"token_invalid"),
        (b"/v1/realtime?model=frontier", b"", b"401", b"token_missing"),
        (b"/v1/realtime?model=nothing", b"acme", b"404", b"model_unknown"),
        (b"/v1/realtime", b"acme", b"400", b"model_unresolved"),
        (b"/v1/realtime?model=", b"acme", b"400", b"model_unresolved"),
        (b"/v1/realtime?model=frontier&model=open", b"acme", b"400", b"model_ambiguous"),
        (b"/v1/realtime?model=frontie%2572", b"acme", b"404", b"model_unknown"),
        (b"/v1/realtime?model=open&call_id=rtc_1", b"acme", b"403", b"route_not_allowed"),
        (b"/v1/chat/completions", b"acme", b"403", b"route_not_allowed"),
        (b"/v1/models", b"acme", b"403", b"route_not_allowed"),
    ],
)
async def test_an_upgrade_is_refused_like_any_request(target: bytes, token: bytes, status: bytes, reason: bytes) -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, socket_caller(stage.port) as caller:
        caller.ask(target, token=token)
        head, body = await caller.raw.answer()
        assert head.startswith(b"HTTP/1.1 " + status)
        assert reason in body
        assert (await caller.raw.rest())[0] == b""


@pytest.mark.parametrize(
    ("plain", "extra", "status"),
    [
        (b"accept: */*\r\n", b"", b"403"),
        (b"connection: Upgrade\r\nupgrade: h2c\r\n", b"", b"400"),
        (b"connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 8\r\nsec-websocket-key: " + NONCE + b"\r\n", b"", b"426"),
        (b"connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: c2hvcnQ=\r\n", b"", b"400"),
        (b"", b"sec-websocket-key: " + NONCE + b"\r\n", b"400"),
        (b"", b"content-length: 0\r\n", b"400"),
        (b"", b"sec-websocket-protocol: openai-insecure-api-key.other\r\n", b"400"),
        (b"", b"sec-websocket-protocol: openai-insecure-api-key.acme, openai-insecure-api-key.acme\r\n", b"400"),
    ],
    ids=["no upgrade", "another protocol", "version", "key", "two keys", "length", "two credentials", "twice the same"],
)
async def test_what_is_no_handshake_is_refused(plain: bytes, extra: bytes, status: bytes) -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, socket_caller(stage.port) as caller:
        caller.ask(plain=plain, extra=extra)
        head, _ = await caller.raw.answer()
        assert head.startswith(b"HTTP/1.1 " + status)
        assert (b"sec-websocket-version: 13\r\n" in head) == (status == b"426")


async def test_a_browser_sends_its_credential_as_a_subprotocol() -> None:
    asked = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await read_request(reader))
        del writer

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, socket_caller(stage.port) as caller:
        caller.ask(token=b"", extra=b"sec-websocket-protocol: realtime, openai-insecure-api-key.acme\r\n")
        await caller.raw.head()
    assert b"sec-websocket-protocol: realtime\r\n" in asked[0]
    assert b"acme" not in asked[0]


async def test_frames_before_the_answer_are_refused() -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, socket_caller(stage.port) as caller:
        caller.ask(extra=b"\r\n" + encode(text(b"{}"), KEY))
        head, body = await caller.raw.answer()
        assert head.startswith(b"HTTP/1.1 400 ")
        assert b"malformed_request" in body


async def test_frames_while_the_upstream_has_not_answered_end_the_connection() -> None:
    async with scripted(silent) as upstream, open_stage([upstream.url]) as stage, socket_caller(stage.port) as caller:
        caller.ask()
        await eventually(lambda: upstream.connections == 1, "the handshake is upstream")
        caller.say(text(b"{}"))
        rest, _ = await caller.raw.rest()
        assert rest == b""
        await asyncio.wait_for(upstream.closed.wait(), 5)
        assert len(stage.gate.leases) == 0


async def test_an_upstream_that_does_not_upgrade_answers_itself() -> None:
    refusal = OK.replace(b"200 OK", b"404 Not Found")
    async with scripted(answering(refusal)) as upstream, open_stage([upstream.url]) as stage, socket_caller(stage.port) as caller:
        caller.ask()
        head, body = await caller.raw.answer()
        assert head.startswith(b"HTTP/1.1 404 ")
        assert body == b"{}"
        assert (await caller.raw.rest())[0] == b""


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 OK\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: AAAA\r\n\r\n",
        b"HTTP/1.1 101 OK\r\nupgrade: h2c\r\nconnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 101 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
    ],
)
async def test_an_upstream_whose_handshake_is_wrong_is_a_502(answer: bytes) -> None:
    async with scripted(answering(answer)) as upstream, open_stage([upstream.url]) as stage, socket_caller(stage.port) as caller:
        caller.ask()
        head, _ = await caller.raw.answer()
        assert head.startswith(b"HTTP/1.1 502 ")
        await asyncio.wait_for(upstream.closed.wait(), 5)
        assert len(stage.gate.leases) == 0


async def test_an_upstream_that_agrees_on_compression_unasked_is_a_502() -> None:
    script = speaking(silent, b"sec-websocket-extensions: permessage-deflate\r\n")
    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, socket_caller(stage.port) as caller:
        caller.ask()
        assert (await caller.raw.head()).startswith(b"HTTP/1.1 502 ")


async def test_a_permission_that_ends_during_the_handshake_is_a_plain_refusal() -> None:
    async with scripted(silent) as upstream, open_stage([upstream.url]) as stage, socket_caller(stage.port) as caller:
        caller.ask()
        await eventually(lambda: upstream.connections == 1, "the handshake is upstream")
        stage.publish(WITHOUT_ACME)
        head, body = await caller.raw.answer()
        assert head.startswith(b"HTTP/1.1 403 ")
        assert b"org_not_approved" in body
        await asyncio.wait_for(upstream.closed.wait(), 5)
