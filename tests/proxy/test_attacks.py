"""Attacks on what is quick or remembered: upstreams that answer too much or something else, clocks set back, reloads under way."""

import asyncio
from functools import partial

import pytest
from support.house import open_stage, policy
from support.wire_ends import OK, Script, answering, eventually, raw_caller, read_request, scripted

from gateway.clock import read_clock
from gateway.policy.access import Instant
from gateway.policy.snapshot import Grant

FORGED = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n"forged"'
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\n"


def once(first: bytes) -> Script:
    """Answer the first request of all with `first`, in one write; every other plainly."""
    waiting = [first]

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(waiting.pop() if waiting else OK)

    return script


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(OK + FORGED, id="two whole answers in one read"),
        pytest.param(OK + b"HTTP/1.1 200 OK\r\n", id="a whole answer and a begun one"),
        pytest.param(OK + b"{}", id="more than its length"),
        pytest.param(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + FORGED, id="in chunks and another"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + OK + FORGED, id="an interim answer, its final one and another"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n" + FORGED, id="no content and another"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n" + FORGED, id="not modified and another"),
    ],
)
async def test_what_an_upstream_answers_besides_reaches_nobody(first: bytes) -> None:
    async with scripted(once(first)) as upstream, open_stage([upstream.url]) as stage:
        async with raw_caller(stage.port) as acme, raw_caller(stage.port) as beta:
            acme.post()
            await acme.head()
            beta.post(token="beta")
            head, body = await beta.answer()
            assert head.startswith(b"HTTP/1.1 200 ")
            assert body == b"{}"
            assert upstream.connections == 2, "the link that said too much is not used again"


async def test_an_answer_that_nobody_waits_for_ends_its_link() -> None:
    late = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await late.wait()
        writer.write(FORGED)
        await read_request(reader)
        writer.write(OK)

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        await caller.answer()
        late.set()
        await eventually(lambda: stage.gate.upstreams["api"].open == 0, "the link is gone")
        caller.post()
        assert (await caller.answer())[1] == b"{}"


@pytest.mark.parametrize(
    "lines",
    [
        b"\r\n",
        b"content-length: 2\r\n\r\n{}",
        b"upgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=["bare", "with a length", "as to a WebSocket", "in chunks"],
)
async def test_a_change_of_protocol_that_nobody_asked_for_is_no_answer(lines: bytes) -> None:
    async with scripted(answering(SWITCHING + lines)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"chunked, identity", b"gzip", b"identity"])
async def test_an_answer_in_a_coding_that_nobody_asked_for_is_none(coding: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: %b\r\n\r\n2\r\n{}\r\n0\r\n\r\n" % coding
    async with scripted(answering(answer)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 502 ")


async def test_an_answer_before_its_request_has_left_ends_the_link() -> None:
    body = b'{"model":"frontier","pad":"' + b"x" * 8_000_000 + b'"}'

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await asyncio.Event().wait()

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post(body)
        await caller.answer()
        assert stage.gate.upstreams["api"].idle == 0


async def test_a_clock_set_back_before_a_grant_began_forgets_who_was_permitted() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        start = read_clock()
        stage.publish(policy(frontier={"acme": Grant(valid_from=start.wall - 5)}, revision=2))
        for back, status in [(0.0, b"200"), (0.0, b"200"), (10.0, b"403"), (0.0, b"200")]:
            stage.gate.clock = partial(Instant, start.wall - back, start.steady)
            caller.post()
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 " + status)


async def test_a_model_whose_upstream_a_reload_has_removed_is_refused_until_its_catalogue_is_there() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        await caller.answer()
        stage.gate.upstreams = {}
        for _ in range(2):
            caller.post()
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 503 ")


async def test_an_answers_head_without_end_is_not_read_for_ever() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(4000):
            writer.write(b"x-%d: %b\r\n" % (number, b"y" * 1000))
            await writer.drain()
        await reader.read()

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 502 ")


async def test_a_link_that_was_lost_is_handed_to_nobody() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url], max_connections=1, connect_timeout=5.0) as stage:
        api = stage.gate.upstreams["api"]
        link = await api.reach("acme")
        waiting = asyncio.ensure_future(api.reach("beta"))
        await eventually(lambda: api.waiting == 1, "somebody waits")
        link.transport.abort()
        api.on_released(link)
        other = await waiting
        assert other is not link
        assert not other.closed


WEBSOCKET = b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


@pytest.mark.parametrize("extra", [WEBSOCKET, b"connection: upgrade\r\nupgrade: h2c\r\n"], ids=["websocket", "h2c"])
async def test_an_upgrade_on_a_known_connection_is_looked_at_and_what_follows_is_not_served(extra: bytes) -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for _ in range(3):
            caller.post()
            await caller.answer()
        caller.post(extra=extra)
        caller.post()
        answers, _ = await caller.rest()
        assert answers.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 "))
        assert answers.count(b"HTTP/1.1 ") == 1
        assert len(upstream.requests) == 3


async def test_an_upgrade_that_the_upstream_declines_leaves_nothing_of_it_behind() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage:
        async with raw_caller(stage.port) as caller:
            caller.post()
            await caller.answer()
            caller.send(b"GET /v1/realtime?model=frontier HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\n" + WEBSOCKET + b"\r\n")
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 200 ")
            assert (await caller.rest()) == (b"", False), "closed: what follows has no certain meaning"
        async with raw_caller(stage.port) as other:
            other.post(token="beta")
            assert (await other.answer())[1] == b"{}"
        assert b"upgrade" not in upstream.requests[-1].lower()


async def test_nobody_is_told_to_continue_before_its_turn() -> None:
    answer = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            await answer.wait()
            writer.write(OK)

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        body = b'{"model":"frontier"}'
        caller.post(body)
        waiting = b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\nexpect: 100-continue\r\n"
        caller.send(waiting + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body))
        await eventually(lambda: len(upstream.requests) == 1, "the first is asked")
        assert not caller.answered
        answer.set()
        assert (await caller.answer())[0].startswith(b"HTTP/1.1 200 ")
        assert (await caller.head()).startswith(b"HTTP/1.1 100 ")
        caller.send(body)
        assert (await caller.answer())[0].startswith(b"HTTP/1.1 200 ")
