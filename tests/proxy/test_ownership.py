"""The step before the decision: what never reaches the ledger, and what the ledger's answer is good for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.book import Book
from support.house import Stage, open_stage
from support.wire_ends import OK, RawCaller, ScriptedUpstream, answering, raw_caller, scripted

from gateway.policy.holding import Holding
from gateway.proxy.ownership import Ownership
from gateway.wire.route import Dialect

CONTINUING = b'{"model":"%b","input":"And?","previous_response_id":"resp-1","store":false}'


@asynccontextmanager
async def scene(homes: dict[Dialect, str] | None = None) -> AsyncIterator[tuple[ScriptedUpstream, Stage, Book, RawCaller]]:
    """Set up an upstream that answers anything, a gate with a book, a caller."""
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        book = Book()
        stage.gate.ownership = Ownership(stage.gate, stage.policy, book, {Dialect.OPENAI: "api"} if homes is None else homes)
        yield upstream, stage, book, caller


def get(path: str, token: str = "acme", extra: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {token}\r\n{extra}\r\n".encode()


@pytest.mark.parametrize(
    ("homes", "extra"),
    [({}, ""), ({Dialect.OPENAI: "gone"}, ""), ({Dialect.OPENAI: "api"}, "anthropic-version: 2023-06-01\r\n")],
    ids=["no home", "a home that is no upstream", "no home for this dialect"],
)
async def test_objects_without_a_home_are_not_served(homes: dict[Dialect, str], extra: str) -> None:
    async with scene(homes) as (upstream, _, book, caller):
        caller.send(get("/v1/files/file-1", extra=extra))
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 403")
        assert b"route_not_allowed" in body
        assert (book.asked, upstream.requests) == (0, [])


async def test_who_is_refused_anyway_costs_the_ledger_nothing() -> None:
    async with scene() as (upstream, _, book, caller):
        caller.post(CONTINUING % b"frontier", token="stranger", path="/v1/responses")
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 403")
        assert b"org_not_approved" in body
        caller.post(CONTINUING % b"nothing", path="/v1/responses")
        assert (await caller.answer())[0].startswith(b"HTTP/1.1 404")
        assert (book.asked, upstream.requests) == (0, [])


async def test_one_that_is_not_anybodys_spoils_all() -> None:
    async with scene() as (upstream, _, book, caller):
        book.entries["file-1"] = Holding("acme", "file")
        body = b'{"model":"open","messages":[{"role":"user","content":[{"file":{"file_id":"file-1"}},{"file":{"file_id":"file-2"}}]}]}'
        caller.post(body)
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 404")
        assert upstream.requests == []
        book.entries["file-2"] = Holding("acme", "file")
        caller.post(body)
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 200")
        assert upstream.requests[0].endswith(body), "byte for byte, references and all"


async def test_every_decision_is_on_record_once() -> None:
    async with scene() as (_, stage, book, caller):
        book.entries["resp-1"] = Holding("acme", "response", ("frontier",))
        caller.post(CONTINUING % b"open", path="/v1/responses")
        await caller.answer()
        assert sum(b'"phase":"decision"' in line for line in stage.notebook.lines) == 1
        caller.post(CONTINUING % b"open", token="beta", path="/v1/responses")
        await caller.answer()
        decisions = [line for line in stage.notebook.lines if b'"phase":"decision"' in line]
        assert len(decisions) == 2
        assert b"object_unknown" in decisions[1]
        assert b"resp-1" not in decisions[1]


async def test_a_ledger_that_breaks_is_a_refusal_with_a_reason() -> None:
    async with scene() as (upstream, stage, book, caller):
        book.broken = True
        caller.send(get("/v1/files/file-1"))
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 503")
        assert b"retry-after" in head.lower()
        assert b"ledger_unavailable" in body
        assert stage.metrics.denied_requests.labels("other", "ledger_unavailable", "acme").value == 1
        assert upstream.requests == []


async def test_who_refers_to_nothing_never_waits_for_it() -> None:
    async with scene() as (_, _, book, caller):
        book.broken = True
        caller.post(b'{"model":"frontier","messages":[]}')
        assert (await caller.answer())[0].startswith(b"HTTP/1.1 200")
        assert book.asked == 0
