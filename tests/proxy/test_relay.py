"""What the relay owes: answers of every framing, heads written afresh, nothing of the caller's credentials, nothing half for whole."""

import asyncio

import pytest
from support.house import open_stage
from support.wire_ends import OK, SSE_HEAD, Script, answering, chunk, eventually, raw_caller, read_request, scripted


async def ask(script: Script, *, extra: bytes = b"", version: bytes = b"1.1") -> tuple[bytes, bytes, bytes]:
    """Send one request through the gate to an upstream that plays `script`: what it received, and what the caller got to the end."""
    received = b""

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        received = await read_request(reader)
        await script(reader, writer)

    async with scripted(listening) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        body = b'{"model":"frontier"}'
        caller.send(
            b"POST /v1/chat/completions HTTP/%b\r\nhost: gate\r\nauthorization: Bearer acme\r\n"
            b"connection: close\r\n%bcontent-length: %d\r\n\r\n%b" % (version, extra, len(body), body)
        )
        head = await caller.head()
        rest, _ = await caller.rest()
        return received, head, rest


def saying(*parts: bytes) -> Script:
    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return script


async def test_the_request_goes_upstream_with_a_fresh_head_and_the_same_body() -> None:
    received, _, _ = await ask(
        saying(OK),
        extra=b"X-Custom: kept\r\nCookie: session\r\nConnection: x-hop\r\nX-Hop: gone\r\nTE: trailers\r\nX_Gateway_Org: forged\r\n",
    )
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"post /v1/chat/completions http/1.1"
    assert b"authorization: bearer the-gates-own-key" in lines
    assert b"x-custom: kept" in lines
    assert b"content-length: 20" in lines
    assert b"via: 1.1 gateway" in lines
    assert b"x-forwarded-for: 127.0.0.1" in lines
    assert any(line.startswith(b"x-request-id: ") for line in lines)
    assert any(line.startswith(b"traceparent: 00-") for line in lines)
    assert not [line for line in lines if line.startswith((b"x-hop", b"te:", b"x_gateway", b"connection", b"bearer acme"))]
    assert b"acme" not in head
    assert body == b'{"model":"frontier"}'


async def test_an_answer_with_a_length_comes_back_whole() -> None:
    _, head, rest = await ask(saying(OK))
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: 2\r\n" in head
    assert b"x-gateway-revision: 1\r\n" in head
    assert rest == b"{}"


async def test_a_chunked_answer_is_chunked_again_and_its_trailers_are_dropped() -> None:
    _, head, rest = await ask(
        saying(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"0\r\nx-trailer: 1\r\n\r\n")
    )
    assert b"transfer-encoding: chunked\r\n" in head
    assert b"content-length" not in head
    assert b"x-trailer" not in rest
    assert rest.endswith(b"0\r\n\r\n")
    assert b"abc" in rest


async def test_an_answer_that_ends_with_the_connection_becomes_chunked() -> None:
    _, head, rest = await ask(saying(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it"))
    assert b"transfer-encoding: chunked\r\n" in head
    assert rest == b"9\r\nall of it\r\n0\r\n\r\n"


async def test_a_caller_of_http_1_0_gets_no_chunks() -> None:
    _, head, rest = await ask(
        saying(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(b"abc") + b"0\r\n\r\n"), version=b"1.0"
    )
    assert b"transfer-encoding" not in head
    assert b"connection: close\r\n" in head
    assert rest == b"abc"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_answers_without_a_body_have_no_framing(status: bytes) -> None:
    _, head, rest = await ask(saying(b"HTTP/1.1 " + status + b"\r\netag: x\r\n\r\n"))
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"transfer-encoding" not in head
    assert b"content-length" not in head
    assert rest == b""


async def test_interim_answers_are_dropped() -> None:
    _, head, rest = await ask(saying(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", OK))
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"link" not in head
    assert rest == b"{}"


async def test_the_upstreams_own_headers_of_our_family_never_reach_the_caller() -> None:
    _, head, _ = await ask(
        saying(b"HTTP/1.1 200 OK\r\nX-Gateway-Revision: 99\r\nx-request-id: theirs\r\nkeep-alive: 5\r\ncontent-length: 0\r\n\r\n")
    )
    assert head.count(b"x-gateway-revision") == 1
    assert b"x-gateway-revision: 1\r\n" in head
    assert b"x-upstream-request-id: theirs\r\n" in head
    assert b"keep-alive" not in head


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this", id="length"),
        pytest.param(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(b"only this"), id="chunked"),
        pytest.param(SSE_HEAD + chunk(b"data: 1\n\n"), id="events"),
    ],
)
async def test_an_upstream_that_breaks_off_is_never_a_clean_end(broken: bytes) -> None:
    async with scripted(answering_once(broken)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        await caller.head()
        rest, reset = await caller.rest()
        assert not rest.endswith(b"0\r\n\r\n")
        assert reset or len(rest) < 100
        assert b'"ending":"upstream_failed"' in stage.notebook.lines[-1]


def answering_once(answer: bytes) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)
        await writer.drain()

    return script


async def test_a_dead_upstream_is_a_502_in_the_callers_dialect() -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 502 ")
        assert b'"code":"upstream_unavailable"' in body
        assert b"127.0.0.1" not in body


async def test_an_upstream_that_sends_no_http_is_a_502() -> None:
    async with (
        scripted(answering_once(b"SSH-2.0-OpenSSH\r\n")) as upstream,
        open_stage([upstream.url]) as stage,
        raw_caller(stage.port) as caller,
    ):
        caller.post()
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 502 ")


async def test_a_silent_upstream_is_a_504() -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await reader.read()

    async with scripted(silent) as upstream, open_stage([upstream.url], first_byte_timeout=0.1) as stage, raw_caller(stage.port) as caller:
        caller.post()
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 504 ")
        await asyncio.wait_for(upstream.closed.wait(), 5)


async def test_an_idle_link_that_closed_under_us_is_replaced_once() -> None:
    turns = 0

    async def one_answer_then_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal turns
        await read_request(reader)
        turns += 1
        writer.write(OK)
        await writer.drain()
        await read_request(reader)  # the second request on this link is read, and the link closed without a byte

    async with scripted(one_answer_then_close) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for _ in range(2):
            caller.post()
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 200 ")
        assert turns == 2
        assert upstream.connections == 2


async def test_a_fresh_link_that_closes_without_a_byte_is_not_tried_again() -> None:
    async def rude(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    async with scripted(rude) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 502 ")
        assert upstream.connections == 1


async def test_links_are_used_again() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for _ in range(5):
            caller.post()
            await caller.answer()
        assert upstream.connections == 1


async def test_an_endpoint_that_is_down_is_passed_over() -> None:
    async with (
        scripted(answering(OK)) as upstream,
        open_stage(["http://127.0.0.1:9", upstream.url]) as stage,
        raw_caller(stage.port) as caller,
    ):
        for _ in range(3):
            caller.post()
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 200 ")


async def test_requests_beyond_the_upstreams_connections_wait_for_one() -> None:
    gate_open = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            await gate_open.wait()
            writer.write(OK)
            await writer.drain()

    async with scripted(slow) as upstream, open_stage([upstream.url], max_connections=1) as stage:
        async with raw_caller(stage.port) as first, raw_caller(stage.port) as second:
            first.post()
            await eventually(lambda: upstream.connections == 1, "the first request is upstream")
            second.post()
            await eventually(lambda: len(stage.gate.leases) == 2, "the second request waits under its lease")
            gate_open.set()
            for caller in (first, second):
                head, _ = await caller.answer()
                assert head.startswith(b"HTTP/1.1 200 ")
        assert upstream.connections == 1


async def test_requests_that_wait_too_long_for_a_connection_are_told_so() -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with scripted(silent) as upstream, open_stage([upstream.url], max_connections=1, connect_timeout=0.1) as stage:
        async with raw_caller(stage.port) as first, raw_caller(stage.port) as second:
            first.post()
            await eventually(lambda: upstream.connections == 1, "the only connection is taken")
            second.post()
            head, _ = await second.answer()
            assert head.startswith(b"HTTP/1.1 503 ")


async def test_an_event_stream_is_asked_for_uncompressed_so_that_it_can_be_told_why_it_is_cut() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for body in (b'{"model":"frontier","stream":true}', b'{"model":"frontier"}'):
            caller.post(body, extra=b"Accept-Encoding: gzip, br\r\n")
            await caller.answer()
    streamed, plain = (request.lower() for request in upstream.requests)
    assert b"accept-encoding" not in streamed
    assert b"accept-encoding: gzip, br" in plain
