"""One upstream key for all, and yet nobody reads, lists, changes, continues or deletes what another organisation has stored."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pytest
from stateful.conftest import ACME, BETA, Library
from support.running import GATED, OPEN
from support.sdk import told

from gateway.app import Gateway

Made = Callable[[openai.AsyncOpenAI], Awaitable[Any]]

LINE = {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": OPEN, "messages": []}}


def lines(*models: str) -> bytes:
    return b"\n".join(json.dumps(LINE | {"body": {"model": model, "messages": []}}).encode() for model in models)


async def file_of(client: openai.AsyncOpenAI) -> Any:
    return await client.files.create(file=("a.txt", b"ours alone"), purpose="user_data")


async def batch_of(client: openai.AsyncOpenAI) -> Any:
    file = await client.files.create(file=("b.jsonl", lines(OPEN)), purpose="batch")
    return await client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")


MAKE: dict[str, Made] = {
    "file": file_of,
    "response": lambda client: client.responses.create(model=GATED, input="What is a gate?"),
    "batch": batch_of,
    "vector store": lambda client: client.vector_stores.create(name="papers"),
    "conversation": lambda client: client.conversations.create(),
    "container": lambda client: client.containers.create(name="box"),
}

USE: list[tuple[str, str, Callable[[openai.AsyncOpenAI, str], Awaitable[Any]]]] = [
    ("file", "read", lambda client, name: client.files.retrieve(name)),
    ("file", "read its content", lambda client, name: client.files.content(name)),
    ("file", "put into a vector store", lambda client, name: client.vector_stores.create(name="x", file_ids=[name])),
    (
        "file",
        "put into a question",
        lambda client, name: client.responses.create(
            model=OPEN, input=[{"role": "user", "content": [{"type": "input_file", "file_id": name}]}]
        ),
    ),
    (
        "file",
        "put into a chat",
        lambda client, name: client.chat.completions.create(
            model=OPEN, messages=[{"role": "user", "content": [{"type": "file", "file": {"file_id": name}}]}]
        ),
    ),
    ("response", "read", lambda client, name: client.responses.retrieve(name)),
    ("response", "continued", lambda client, name: client.responses.create(model=GATED, input="And?", previous_response_id=name)),
    ("response", "input read", lambda client, name: client.responses.input_items.list(name)._get_page()),  # noqa: SLF001
    ("batch", "read", lambda client, name: client.batches.retrieve(name)),
    ("batch", "cancelled", lambda client, name: client.batches.cancel(name)),
    ("vector store", "read", lambda client, name: client.vector_stores.retrieve(name)),
    ("vector store", "searched", lambda client, name: client.vector_stores.search(name, query="gate")._get_page()),  # noqa: SLF001
    (
        "vector store",
        "used by a tool",
        lambda client, name: client.responses.create(model=OPEN, input="?", tools=[{"type": "file_search", "vector_store_ids": [name]}]),
    ),
    ("conversation", "read", lambda client, name: client.conversations.retrieve(name)),
    ("conversation", "continued", lambda client, name: client.responses.create(model=OPEN, input="And?", conversation=name)),
    ("container", "read", lambda client, name: client.containers.retrieve(name)),
    (
        "container",
        "used by a tool",
        lambda client, name: client.responses.create(model=OPEN, input="?", tools=[{"type": "code_interpreter", "container": name}]),
    ),
    ("file", "deleted", lambda client, name: client.files.delete(name)),
    ("response", "deleted", lambda client, name: client.responses.delete(name)),
    ("vector store", "deleted", lambda client, name: client.vector_stores.delete(name)),
    ("conversation", "deleted", lambda client, name: client.conversations.delete(name)),
]


@pytest.mark.parametrize(("kind", "what", "use"), USE, ids=[f"{kind} {what}" for kind, what, _ in USE])
async def test_an_object_is_its_organisations_alone(
    library: Library, kind: str, what: str, use: Callable[[openai.AsyncOpenAI, str], Awaitable[Any]]
) -> None:
    del what
    async with library.of(ACME) as acme, library.of(BETA) as beta:
        made = await MAKE[kind](acme)
        before = len(library.archive.reached_with(made.id))

        with pytest.raises(openai.NotFoundError) as another:
            await use(beta, made.id)
        with pytest.raises(openai.NotFoundError) as nobody:
            await use(beta, made.id.split("-")[0] + "-99999")
        assert told(another.value).reason == told(nobody.value).reason == "object_unknown"
        assert len(library.archive.reached_with(made.id)) == before

        await use(acme, made.id)
        assert len(library.archive.reached_with(made.id)) == before + 1


async def test_what_does_not_exist_and_what_is_anothers_cannot_be_told_apart(library: Library) -> None:
    async with library.of(ACME) as acme:
        made = await file_of(acme)

    def without_ids(body: dict[str, Any]) -> str:
        text = json.dumps(body)
        return text.replace(body["error"]["decision_id"], "")

    answers = [await library.ask(BETA, "GET", f"/v1/files/{name}") for name in (made.id, "file-99999")]
    assert answers[0][0] == answers[1][0] == 404
    assert without_ids(answers[0][1]) == without_ids(answers[1][1])


async def test_a_deleted_object_is_forgotten_once_the_upstream_has_confirmed(library: Library) -> None:
    async with library.of(ACME) as acme:
        made = await file_of(acme)
        assert library.raw.exists(f"gateway-ledger:demo:{made.id}")
        await acme.files.delete(made.id)
        assert not library.raw.exists(f"gateway-ledger:demo:{made.id}")
        with pytest.raises(openai.NotFoundError):
            await acme.files.retrieve(made.id)


async def test_lists_of_all_that_there_is_stay_refused(library: Library) -> None:
    async with library.of(ACME) as acme:
        await file_of(acme)
    for path in ("/v1/files", "/v1/batches", "/v1/vector_stores", "/v1/containers", "/v1/conversations", "/v1/assistants"):
        status, _ = await library.ask(BETA, "GET", path)
        assert status == 403
    assert [one.method for one in library.archive.reached] == ["POST"]


async def test_a_stream_names_its_response_before_anything_of_it_is_heard(library: Library) -> None:
    async with library.of(ACME) as acme, library.of(BETA) as beta:
        stream = await acme.responses.create(model=GATED, input="?", stream=True)
        events = [event async for event in stream]
        assert events[0].type == "response.created"
        assert events[-1].type == "response.completed"
        name = events[0].response.id
        assert (await acme.responses.retrieve(name)).id == name
        with pytest.raises(openai.NotFoundError):
            await beta.responses.retrieve(name)


async def test_an_answer_that_is_not_kept_costs_the_ledger_nothing(library: Library) -> None:
    async with library.of(ACME) as acme:
        made = await acme.responses.create(model=GATED, input="?", store=False)
        with pytest.raises(openai.NotFoundError):
            await acme.responses.retrieve(made.id)
    assert library.raw.keys("gateway-ledger:*") == []


async def test_the_results_of_a_batch_are_its_owners(library: Library) -> None:
    async with library.of(ACME) as acme, library.of(BETA) as beta:
        batch = await acme.batches.retrieve((await batch_of(acme)).id)
        assert batch.output_file_id is not None
        await acme.files.content(batch.output_file_id)
        with pytest.raises(openai.NotFoundError):
            await beta.files.content(batch.output_file_id)


async def test_threads_and_their_runs_are_their_owners(library: Library) -> None:
    async def ask(organisation: str, method: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        return await library.ask(organisation, method, path, **({"json": body} if method == "POST" else {}))

    _, thread = await ask(ACME, "POST", "/v1/threads")
    _, assistant = await ask(ACME, "POST", "/v1/assistants", model=OPEN)
    _, foreign = await ask(BETA, "POST", "/v1/assistants", model=OPEN)
    runs = f"/v1/threads/{thread['id']}/runs"

    assert (await ask(ACME, "POST", runs, assistant_id=foreign["id"]))[0] == 404
    assert (await ask(BETA, "POST", runs, assistant_id=foreign["id"]))[0] == 404
    status, run = await ask(ACME, "POST", runs, assistant_id=assistant["id"])
    assert status == 200
    for organisation, expected in ((ACME, 200), (BETA, 404)):
        assert (await ask(organisation, "GET", f"{runs}/{run['id']}"))[0] == expected
        assert (await ask(organisation, "GET", f"/v1/threads/{thread['id']}/messages"))[0] == expected
    assert library.raw.hexists(f"gateway-ledger:demo:{thread['id']}", f"model:{OPEN}")


async def test_who_has_no_organisation_has_no_objects(library: Library) -> None:
    async with library.of(None) as nobody:
        with pytest.raises(openai.PermissionDeniedError) as refused:
            await file_of(nobody)
        assert told(refused.value).reason == "route_not_allowed"
        assert (await nobody.responses.create(model=OPEN, input="?")).id
    assert library.raw.keys("gateway-ledger:*") == []


async def test_two_who_ask_at_once_get_their_own(library: Library) -> None:
    async with library.of(ACME) as acme, library.of(BETA) as beta:
        made = await asyncio.gather(*(file_of(client) for client in (acme, beta) * 8))
        owners = [library.raw.hget(f"gateway-ledger:demo:{one.id}", "owner") for one in made]
    assert owners == [ACME.encode(), BETA.encode()] * 8


async def test_what_one_gate_has_entered_another_knows(library: Library) -> None:
    second = Gateway(library.gateway.settings, worker="w1")
    await second.start()
    try:
        async with library.of(ACME) as acme, library.of(BETA) as beta:
            made = await file_of(acme)
            elsewhere = f"{second.proxy_url}/v1"
            assert (await acme.with_options(base_url=elsewhere).files.retrieve(made.id)).id == made.id
            with pytest.raises(openai.NotFoundError):
                await beta.with_options(base_url=elsewhere).files.retrieve(made.id)
    finally:
        await second.stop()
