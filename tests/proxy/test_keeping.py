"""An answer that makes an object waits for the ledger, byte for byte; screenplays with an upstream and a caller by hand."""

import asyncio
import gc
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.book import Book
from support.house import Stage, open_stage, policy
from support.wire_ends import (
    SSE_HEAD,
    RawCaller,
    Script,
    ScriptedUpstream,
    answering,
    chunk,
    eventually,
    raw_caller,
    read_request,
    scripted,
)

from gateway.policy.holding import Holding
from gateway.policy.snapshot import Grant
from gateway.proxy.ownership import Ownership
from gateway.settings.shape import Limits
from gateway.wire.route import Dialect

ASK = b'{"model":"frontier","input":"?"}'
CREATED = b'event: response.created\ndata: {"type":"response.created","response":{"id":"resp-1"}}\n\n'
WITHOUT_ACME = policy(frontier={"beta": Grant()}, revision=2)


@asynccontextmanager
async def scene(script: Script, *, limits: Limits | None = None) -> AsyncIterator[tuple[ScriptedUpstream, Stage, Book, RawCaller]]:
    """Set up an upstream that plays, a gate with a book, a caller."""
    async with scripted(script) as upstream, open_stage([upstream.url], limits=limits) as stage, raw_caller(stage.port) as caller:
        book = Book()
        stage.gate.ownership = Ownership(stage.gate, stage.policy, book, {Dialect.OPENAI: "api"})
        yield upstream, stage, book, caller


def sending(*pieces: bytes, then_wait: bool = True) -> Script:
    """Answer in pieces, each a write of its own."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if then_wait:
            await reader.read()

    return script


def whole(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


async def test_an_answer_in_one_read_waits_for_the_ledger() -> None:
    async with scene(sending(whole(b'{"id":"resp-1"}'))) as (_, _, book, caller):
        book.open.clear()
        caller.post(ASK, path="/v1/responses")
        await eventually(lambda: book.asked == 1, "the book asked")
        assert not caller.answered
        book.open.set()
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 200")
        assert body == b'{"id":"resp-1"}'
        assert book.entries["resp-1"].owner == "acme"
        assert book.entries["resp-1"].models == ("frontier",)


async def test_an_answer_in_pieces_waits_for_the_ledger_and_comes_as_it_was() -> None:
    answer = whole(b'{"id":"resp-1","output":[' + b'"word",' * 3000 + b'"end"]}')
    async with scene(sending(answer[:10], answer[10:200], answer[200:5000], answer[5000:])) as (_, _, book, caller):
        caller.post(ASK, path="/v1/responses")
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 200")
        assert body == answer.partition(b"\r\n\r\n")[2]
        assert "resp-1" in book.entries


async def test_a_stream_waits_until_the_event_that_names_it_is_entered_and_then_flows() -> None:
    async with scene(sending(SSE_HEAD, chunk(CREATED[:30]), chunk(CREATED[30:]), chunk(b"data: {}\n\n"))) as (_, _, book, caller):
        book.open.clear()
        caller.post(ASK, path="/v1/responses")
        await eventually(lambda: book.asked == 1, "the book asked")
        assert not caller.answered
        book.open.set()
        heard = await caller.until(b"data: {}\n\n")
        assert CREATED in heard
        assert "resp-1" in book.entries


async def test_a_permission_that_ends_while_an_answer_waits_ends_it_whole() -> None:
    async with scene(sending(SSE_HEAD, chunk(CREATED))) as (upstream, stage, book, caller):
        book.open.clear()
        caller.post(ASK, path="/v1/responses")
        await eventually(lambda: book.asked == 1, "the book asked")
        stage.publish(WITHOUT_ACME)
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 403")
        assert b"resp-1" not in body
        await asyncio.wait_for(upstream.closed.wait(), 5)
        book.open.set()


@pytest.mark.parametrize("broken", [False, True])
async def test_a_permission_that_ends_while_a_whole_answer_waits_leaves_both_links_as_they_are(broken: bool) -> None:
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    async with scene(answering(whole(b'{"id":"resp-1"}'))) as (upstream, stage, book, caller):
        book.open.clear()
        caller.post(ASK, path="/v1/responses")
        await eventually(lambda: book.asked == 1, "the book asked")
        stage.publish(WITHOUT_ACME)
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 403")
        book.broken = broken
        book.open.set()
        await eventually(lambda: book.answered == 1, "the book's answer")
        book.broken = False
        caller.post(b'{"model":"frontier"}', token="beta")
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 200")
        assert body == b'{"id":"resp-1"}'
        assert upstream.connections == 1, "the link was given back before, and is no longer this answer's to break"
        assert len(stage.gate.leases) == 0
    gc.collect()  # what failed in a task of its own is told when the task goes
    assert problems == []


@pytest.mark.parametrize(
    "pieces",
    [
        (whole(b"{}"),),
        (whole(b'{"id":"resp-1"'),),
        (whole(gzip.compress(b'{"id":"resp-1"}')).replace(b"content-length", b"content-encoding: gzip\r\ncontent-length"),),
        (SSE_HEAD, chunk(b"data: {}\n\n"), b"0\r\n\r\n"),
        (SSE_HEAD, chunk(b": " + b"x" * 300_000)),
    ],
    ids=["no id", "no JSON", "compressed", "a stream without an id", "a stream that never names it"],
)
async def test_an_answer_that_names_nothing_is_replaced(pieces: tuple[bytes, ...]) -> None:
    async with scene(sending(*pieces)) as (_, _, book, caller):
        caller.post(ASK, path="/v1/responses")
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 503")
        assert b"resp-1" not in body
        assert book.entries == {}


async def test_an_answer_that_is_too_long_is_not_held() -> None:
    begun = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{"id":"resp-1"'
    async with scene(sending(begun, b" " * 50_000), limits=Limits(body=20_000)) as (upstream, _, _, caller):
        caller.post(ASK, path="/v1/responses")
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 503")
        await asyncio.wait_for(upstream.closed.wait(), 5)


async def test_an_answer_that_breaks_off_while_it_is_held_is_a_502() -> None:
    begun = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id":"resp-1"'
    async with scene(sending(begun, then_wait=False)) as (_, _, book, caller):
        caller.post(ASK, path="/v1/responses")
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 502")
        assert b"resp-1" not in body
        assert book.entries == {}


async def test_a_failure_of_the_upstream_passes_as_it_is() -> None:
    async with scene(sending(whole(b'{"error":{}}', b"429 Too Many Requests"))) as (_, _, book, caller):
        caller.post(ASK, path="/v1/responses")
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 429")
        assert body == b'{"error":{}}'
        assert book.asked == 0


async def test_the_upstream_is_not_asked_for_a_compressed_answer() -> None:
    async with scene(sending(whole(b'{"id":"resp-1"}'))) as (upstream, _, _, caller):
        caller.post(ASK, path="/v1/responses", extra=b"accept-encoding: gzip\r\n")
        await caller.answer()
        assert b"accept-encoding" not in upstream.requests[0].lower()


async def test_a_ledger_that_breaks_withholds_the_object_and_the_connection_goes_on() -> None:
    async with scene(sending(whole(b'{"id":"resp-1"}'))) as (_, _, book, caller):
        book.broken = True
        caller.post(ASK, path="/v1/responses")
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 503")
        assert b"resp-1" not in body
        caller.send(b"GET /v1/models HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\n\r\n")
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 200")


async def test_a_deletion_is_forgotten_only_if_something_was_deleted() -> None:
    async with scene(sending(whole(b'{"id":"file-1","deleted":false}'))) as (_, _, book, caller):
        book.entries["file-1"] = Holding("acme", "file")
        caller.send(b"DELETE /v1/files/file-1 HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\n\r\n")
        await caller.answer()
        assert "file-1" in book.entries


async def test_an_answer_ends_with_the_permission_of_any_model_that_has_a_part_in_it() -> None:
    async with scene(sending(SSE_HEAD, chunk(CREATED))) as (upstream, stage, book, caller):
        book.entries["resp-0"] = Holding("acme", "response", ("frontier",))
        caller.post(b'{"model":"open","input":"And?","previous_response_id":"resp-0","stream":true}', path="/v1/responses")
        await caller.until(CREATED)
        assert len(stage.gate.leases) == 2
        stage.publish(WITHOUT_ACME)
        rest, _ = await caller.rest()
        assert b"org_not_approved" in rest
        await asyncio.wait_for(upstream.closed.wait(), 5)
        assert len(stage.gate.leases) == 0
        assert book.entries["resp-1"].models == ("open", "frontier")


async def test_what_has_several_models_and_makes_nothing_passes_as_it_comes() -> None:
    async with scene(sending(whole(b'{"id":"resp-1"}'))) as (_, stage, book, caller):
        book.entries["resp-1"] = Holding("acme", "response", ("frontier", "open"))
        caller.send(b"GET /v1/responses/resp-1 HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\n\r\n")
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 200")
        assert body == b'{"id":"resp-1"}'
        assert book.asked == 1
        assert len(stage.gate.leases) == 0
