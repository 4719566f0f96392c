"""The callers' side: one request at a time, everything bounded, whatever can be read in two ways refused and the connection closed."""

import asyncio
import contextlib
import itertools

import pytest
from support.house import open_stage
from support.wire_ends import OK, SSE_HEAD, answering, chunk, eventually, raw_caller, read_request, scripted

from gateway.settings.shape import Limits

GET_MODELS = b"GET /v1/models HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\n\r\n"


async def test_pipelined_requests_are_answered_one_after_another_in_order() -> None:
    answers = [b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % number for number in range(3)]
    async with scripted(answering(*answers)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for _ in range(3):
            caller.post()
        assert [(await caller.answer())[1] for _ in range(3)] == [b"0", b"1", b"2"]
        assert upstream.connections == 1


async def test_a_kept_connection_serves_refusals_and_answers_alike() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for token, status in [("acme", b"200"), ("stranger", b"403"), ("bad", b"401"), ("acme", b"200")]:
            caller.post(token=token)
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 " + status)


async def test_the_models_list_is_answered_from_policy() -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, raw_caller(stage.port) as caller:
        caller.send(GET_MODELS)
        _, partners = await caller.answer()
        caller.send(GET_MODELS.replace(b"acme", b"stranger"))
        _, strangers = await caller.answer()
    assert b'"frontier"' in partners
    assert b'"open"' in partners
    assert b'"frontier"' not in strangers
    assert b'"open"' in strangers


async def test_a_body_of_many_small_pieces_is_read_and_passed_on_unchanged() -> None:
    body = b'{"model":"frontier","messages":[{"role":"user","content":"' + b"x" * 500 + b'"}]}'
    received = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await read_request(reader))
        writer.write(OK)
        await writer.drain()

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\ntransfer-encoding: chunked\r\n\r\n")
        for index in range(len(body)):
            caller.send(chunk(body[index : index + 1]))
            await caller.writer.drain()
        caller.send(b"0\r\n\r\n")
        head, _ = await caller.answer()
    assert head.startswith(b"HTTP/1.1 200 ")
    head, _, passed_on = received[0].partition(b"\r\n\r\n")
    assert passed_on == body
    assert b"content-length: %d" % len(body) in head
    assert b"transfer-encoding" not in head


async def test_a_large_body_is_passed_on_whole() -> None:
    body = b'{"model":"frontier","image":"' + b"A" * (30 * 1024 * 1024) + b'"}'
    sizes = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sizes.append(len((await read_request(reader)).partition(b"\r\n\r\n")[2]))
        writer.write(OK)
        await writer.drain()

    async with scripted(script) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post(body)
        head, _ = await caller.answer()
    assert head.startswith(b"HTTP/1.1 200 ")
    assert sizes == [len(body)]


async def test_a_caller_that_expects_100_continue_is_told_to_send() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        body = b'{"model":"frontier"}'
        caller.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\n"
            b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        assert await caller.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        caller.send(body)
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 200 ")


async def test_a_caller_without_a_good_token_is_refused_before_it_sends_its_body() -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, raw_caller(stage.port) as caller:
        caller.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer bad\r\n"
            b"expect: 100-continue\r\ncontent-length: 9999999\r\n\r\n"
        )
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 401 ")
        assert b"token_invalid" in body
        rest, _ = await caller.rest()
        assert rest == b""


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"GET /v1/models HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", b"400", id="two hosts"),
        pytest.param(b"GET /v1/models HTTP/1.1\r\n\r\n", b"400", id="no host"),
        pytest.param(b"GET /v1/models HTTP/1.1\nhost: a\n\n", b"400", id="bare line feeds"),
        pytest.param(b"GET /v1/models HTTP/1.1\r\nhost : a\r\n\r\n", b"400", id="space before the colon"),
        pytest.param(b"GET /v1/models HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n", b"400", id="folded line"),
        pytest.param(
            b"POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", b"400", id="CL and TE"
        ),
        pytest.param(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx", b"400", id="two CL"),
        pytest.param(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"400", id="odd TE"),
        pytest.param(b"POST /v1/messages HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", b"400", id="TE of HTTP/1.0"),
        pytest.param(b"GET http://other/v1/models HTTP/1.1\r\nhost: a\r\n\r\n", b"400", id="absolute form"),
        pytest.param(b"GET /v1/../v1/models HTTP/1.1\r\nhost: a\r\n\r\n", b"400", id="dot segments"),
        pytest.param(b"GET /v1%2fmodels HTTP/1.1\r\nhost: a\r\n\r\n", b"400", id="encoded slash"),
        pytest.param(b"GET /v1/models HTTP/2.0\r\nhost: a\r\n\r\n", b"400", id="another version"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400", id="HTTP/2 preface"),
        pytest.param(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", b"414", id="long target"),
        pytest.param(b"GET /v1/models HTTP/1.1\r\nhost: a\r\n" + b"x: y\r\n" * 200 + b"\r\n", b"431", id="many fields"),
        pytest.param(b"GET /v1/models HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 40000 + b"\r\n\r\n", b"431", id="large field"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400", id="TLS on a plain port"),
    ],
)
async def test_what_can_be_read_in_two_ways_is_refused_and_the_connection_closed(request_bytes: bytes, status: bytes) -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, raw_caller(stage.port) as caller:
        caller.send(request_bytes)
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 " + status)
        assert b"connection: close\r\n" in head
        rest, _ = await caller.rest()
        assert rest == b""
        assert b'"malformed_request"' in stage.notebook.lines[0]


async def test_a_head_that_never_ends_is_refused_at_its_limit() -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, raw_caller(stage.port) as caller:
        caller.send(b"GET /v1/models HTTP/1.1\r\nhost: a\r\n")
        with contextlib.suppress(ConnectionError):
            for number in itertools.count():
                caller.send(b"x-%d: %b\r\n" % (number, b"y" * 1000))
                await caller.writer.drain()
                if number > 2000 or caller.answered:
                    break
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 431 ")


async def test_a_body_over_the_limit_is_refused_without_being_kept() -> None:
    async with open_stage(["http://127.0.0.1:9"], limits=Limits(body=1000)) as stage, raw_caller(stage.port) as caller:
        caller.post(b'{"model":"frontier","x":"' + b"y" * 5000 + b'"}')
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"GET /v1/models HTTP/1.1\r\nhost:", id="head"),
        pytest.param(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\nauthorization: Bearer acme\r\ncontent-length: 100\r\n\r\n{", id="body"),
    ],
)
async def test_a_request_that_never_arrives_is_given_up(beginning: bytes) -> None:
    limits = Limits(header_timeout=0.05, body_timeout=0.05)
    async with open_stage(["http://127.0.0.1:9"], limits=limits) as stage, raw_caller(stage.port) as caller:
        caller.send(beginning)
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 408 ")


async def test_an_idle_connection_is_closed() -> None:
    async with open_stage(["http://127.0.0.1:9"], limits=Limits(idle_timeout=0.05)) as stage, raw_caller(stage.port) as caller:
        caller.send(GET_MODELS)
        await caller.answer()
        rest, _ = await caller.rest()
        assert rest == b""


async def test_connections_beyond_the_limit_are_closed_unserved_and_counted() -> None:
    async with open_stage(["http://127.0.0.1:9"], limits=Limits(connections=1)) as stage, raw_caller(stage.port) as first:
        first.send(GET_MODELS)
        await first.answer()
        async with raw_caller(stage.port) as second:
            rest, _ = await second.rest()
        assert rest == b""
        assert stage.metrics.refused_connections.labels("too_many").value == 1
        first.send(GET_MODELS)
        head, _ = await first.answer()
        assert head.startswith(b"HTTP/1.1 200 ")


async def test_other_upgrades_are_refused_cleanly() -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, raw_caller(stage.port) as caller:
        caller.send(GET_MODELS[:-2] + b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n")
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 403 ")
        assert b"connection: close\r\n" in head
        assert b"route_not_allowed" in body
        assert (await caller.rest())[0] == b""


async def test_a_caller_that_leaves_cancels_what_runs_upstream() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(SSE_HEAD + chunk(b"data: 1\n\n"))
        await writer.drain()
        await reader.read()

    async with scripted(endless) as upstream, open_stage([upstream.url]) as stage:
        async with raw_caller(stage.port) as caller:
            caller.post()
            await caller.until(b"data: 1\n\n")
        await asyncio.wait_for(upstream.closed.wait(), 5)
        assert stage.metrics.client_aborts.value == 1
        assert len(stage.gate.leases) == 0
        assert b'"ending":"client_gone"' in stage.notebook.lines[-1]


async def test_a_slow_reader_holds_the_upstream_back() -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        piece = b"x" * 65536
        for _ in range(4000):
            writer.write(chunk(piece))
            await writer.drain()
            sent += len(piece)
        writer.write(b"0\r\n\r\n")

    async with scripted(flood) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        await caller.head()
        connection = next(iter(stage.gate.doors.connections))
        await eventually(lambda: connection.writing_paused, "the gate stops writing")
        seen = -1
        while seen != sent:  # until the upstream stands still
            seen = sent
            await asyncio.sleep(0.1)
        assert sent < 64 * 1024 * 1024
        assert connection.transport.get_write_buffer_size() < 2 * 1024 * 1024
        rest, _ = await caller.rest_of_chunks()
        assert rest == 4000 * 65536


async def test_a_reader_that_never_reads_is_broken_off() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(chunk(b"x" * 65536))
            await writer.drain()

    async with (
        scripted(flood) as upstream,
        open_stage([upstream.url], limits=Limits(write_timeout=0.1)) as stage,
        raw_caller(stage.port) as caller,
    ):
        caller.post()
        await caller.head()
        await asyncio.wait_for(upstream.closed.wait(), 5)
        await eventually(lambda: not stage.gate.doors.connections, "the connection is gone")


@pytest.mark.parametrize("start", [b"14;", b'14\r\n{"model":"frontier"}\r\n0\r\nx: '], ids=["chunk extension", "trailer"])
async def test_what_is_no_body_and_has_no_end_is_refused(start: bytes) -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, raw_caller(stage.port) as caller:
        caller.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\ntransfer-encoding: chunked\r\n\r\n")
        caller.send(start + b"a" * 600_000)
        head, _ = await caller.answer()
    assert head.startswith(b"HTTP/1.1 431 ")


async def test_a_body_announced_as_too_long_is_not_waited_for() -> None:
    async with open_stage(["http://127.0.0.1:9"]) as stage, raw_caller(stage.port) as caller:
        caller.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\nexpect: 100-continue\r\n"
            b"content-length: %d\r\n\r\n" % (stage.gate.limits.body + 1)
        )
        head, _ = await caller.answer()
    assert head.startswith(b"HTTP/1.1 413 ")
