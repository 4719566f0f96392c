"""When the ledger cannot be asked, nothing that it would have to know is served; what cannot be entered reaches nobody."""

import asyncio
import json
from pathlib import Path

import openai
import pytest
from stateful.conftest import ACME, BETA, Library, open_library
from support.running import GATED, OPEN, running_gate
from support.sdk import told
from support.servers import RedisServer, paused


async def test_no_use_without_the_ledger(library: Library, redis_server: RedisServer) -> None:
    async with library.of(ACME) as acme:
        file = await acme.files.create(file=("a.txt", b"ours"), purpose="user_data")
        before = len(library.archive.reached)
        with paused(redis_server):
            with pytest.raises(openai.InternalServerError) as refused:
                await acme.files.retrieve(file.id)
        assert refused.value.status_code == 503
        assert told(refused.value).reason == "ledger_unavailable"
        assert len(library.archive.reached) == before
        assert await library.metric("gateway_ledger_operations_total", operation="look_up", outcome="failed") == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_an_object_that_cannot_be_entered_reaches_nobody(library: Library, redis_server: RedisServer, stream: bool) -> None:
    async with library.of(ACME) as acme:
        with paused(redis_server):
            with pytest.raises(openai.InternalServerError) as refused:
                await acme.responses.create(model=OPEN, input="?", stream=stream)
    assert refused.value.status_code == 503
    assert "resp-" not in str(refused.value.response.content)
    assert len(library.archive.reached) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_without_an_id_reaches_nobody(library: Library, stream: bool) -> None:
    library.archive.nameless = True
    async with library.of(ACME) as acme:
        with pytest.raises(openai.InternalServerError):
            await acme.responses.create(model=OPEN, input="?", stream=stream)


async def test_an_id_that_is_anothers_already_reaches_nobody(library: Library) -> None:
    library.archive.same = "resp-1"
    async with library.of(ACME) as acme, library.of(BETA) as beta:
        assert (await acme.responses.create(model=OPEN, input="?")).id == "resp-1"
        with pytest.raises(openai.InternalServerError):
            await beta.responses.create(model=OPEN, input="?")
        assert (await acme.responses.retrieve("resp-1")).id == "resp-1"
        with pytest.raises(openai.NotFoundError):
            await beta.responses.retrieve("resp-1")


async def test_an_entry_that_has_expired_is_an_object_that_does_not_exist(tmp_path: Path, redis_server: RedisServer) -> None:
    async with open_library(tmp_path, redis_server, keep=1.0) as library, library.of(ACME) as acme:
        made = await acme.responses.create(model=GATED, input="?")
        assert (await acme.responses.retrieve(made.id)).id == made.id
        key = f"gateway-ledger:demo:{made.id}"
        assert 0 < library.raw.pttl(key) <= 1000
        await library.until(lambda: not library.raw.exists(key), "the entry's end")
        with pytest.raises(openai.NotFoundError) as refused:
            await acme.responses.retrieve(made.id)
        assert told(refused.value).reason == "object_unknown"


async def test_a_caller_that_leaves_while_the_ledger_is_asked_costs_nothing(library: Library, redis_server: RedisServer) -> None:
    async with library.of(ACME) as acme:
        file = await acme.files.create(file=("a.txt", b"ours"), purpose="user_data")
        before = len(library.archive.reached)
        with paused(redis_server):
            asking = asyncio.create_task(acme.files.retrieve(file.id))
            await library.until(lambda: library.gateway.gate._tasks, "a look-up under way")  # noqa: SLF001
            asking.cancel()
            await asyncio.wait((asking,))
            await library.until(lambda: not library.gateway.gate.doors.connections, "the caller's end")
        await library.until(lambda: not library.gateway.gate._tasks, "the look-up's end")  # noqa: SLF001
        assert len(library.archive.reached) == before


async def test_a_permission_that_ends_while_the_ledger_is_asked_has_ended(library: Library) -> None:
    """The decision is taken after the look-up: what it was before does not count."""
    async with library.of(ACME) as acme:
        made = await acme.responses.create(model=GATED, input="?")
        gate = library.gateway.gate
        assert gate.ownership is not None
        ledger = gate.ownership._ledger  # noqa: SLF001
        look_up = ledger.look_up

        async def slow(*arguments: object) -> object:
            found = await look_up(*arguments)  # type: ignore[arg-type]
            await library.remove(ACME, GATED)
            return found

        ledger.look_up = slow  # type: ignore[method-assign,assignment]
        with pytest.raises(openai.PermissionDeniedError) as refused:
            await acme.responses.retrieve(made.id)
    assert told(refused.value).reason == "org_not_approved"
    assert library.archive.reached_with(made.id) == []


async def test_the_ledger_does_not_wake_the_watch(library: Library) -> None:
    reloads = library.gateway.watch.reloads
    async with library.of(ACME) as acme:
        for _ in range(5):
            await acme.responses.create(model=OPEN, input="?")
    assert len(library.raw.keys("gateway-ledger:*")) == 5
    assert library.gateway.watch.reloads <= reloads + 1  # the re-read that comes every half minute


async def test_without_the_ledger_all_of_it_stays_refused(tmp_path: Path) -> None:
    async with running_gate(tmp_path) as gate:
        headers = {"authorization": f"Bearer {gate.mint()}"}
        body = {"model": OPEN, "input": "?", "previous_response_id": "resp-1"}
        for method, path, sent in (("GET", "/v1/files/file-1", None), ("POST", "/v1/responses", body)):
            async with gate.session.request(method, f"{gate.url}{path}", headers=headers, json=sent) as response:
                assert response.status == 403
                assert json.loads(await response.read())["error"]["reason"] == "route_not_allowed"
