"""An object is used under the policy of the moment of its use, not of that in which it was made; and nothing that lasts outlives it."""

import json
from typing import Any

import openai
import pytest
from stateful.conftest import ACME, BETA, Library
from support.running import GATED, OPEN
from support.sdk import told


def lines(*models: str, **body: Any) -> bytes:
    requests = [
        {"custom_id": str(number), "method": "POST", "url": "/v1/chat/completions", "body": {"model": model, "messages": [], **body}}
        for number, model in enumerate(models)
    ]
    return b"\n".join(json.dumps(request).encode() for request in requests)


async def test_a_response_of_a_model_that_is_suspended_is_out_of_reach(library: Library) -> None:
    async with library.of(ACME) as acme:
        made = await acme.responses.create(model=GATED, input="?")
        library.raw.hset("gateway:models", GATED, '{"stage": "suspended"}')
        await library.settled()
        for use in (acme.responses.retrieve(made.id), acme.responses.create(model=OPEN, input="And?", previous_response_id=made.id)):
            with pytest.raises(openai.PermissionDeniedError) as refused:
                await use
            assert told(refused.value).reason == "model_suspended"
        assert len(library.archive.reached_with(made.id)) == 0


async def test_who_is_taken_off_the_list_loses_what_the_model_said_and_keeps_its_own_files(library: Library) -> None:
    async with library.of(ACME) as acme:
        file = await acme.files.create(file=("a.txt", b"ours"), purpose="user_data")
        made = await acme.responses.create(model=GATED, input="?")
        await library.remove(ACME, GATED)
        with pytest.raises(openai.PermissionDeniedError) as refused:
            await acme.responses.retrieve(made.id)
        assert told(refused.value).reason == "org_not_approved"
        assert (await acme.files.retrieve(file.id)).id == file.id


async def test_a_revoked_organisation_has_nothing_any_more(library: Library) -> None:
    async with library.of(ACME) as acme:
        file = await acme.files.create(file=("a.txt", b"ours"), purpose="user_data")
        library.raw.hset("gateway:revocations", f"org:{ACME}", "{}")
        await library.settled()
        with pytest.raises(openai.AuthenticationError) as refused:
            await acme.files.retrieve(file.id)
        assert told(refused.value).reason == "token_revoked"


async def test_a_conversation_takes_up_the_models_that_spoke_in_it(library: Library) -> None:
    async with library.of(ACME) as acme:
        conversation = await acme.conversations.create()
        await acme.responses.create(model=GATED, input="?", conversation=conversation.id)
        assert (await acme.conversations.retrieve(conversation.id)).id == conversation.id
        await library.remove(ACME, GATED)
        with pytest.raises(openai.PermissionDeniedError):
            await acme.conversations.retrieve(conversation.id)


async def test_a_continued_response_is_also_of_the_model_that_began(library: Library) -> None:
    async with library.of(ACME) as acme:
        first = await acme.responses.create(model=GATED, input="?")
        second = await acme.responses.create(model=OPEN, input="And?", previous_response_id=first.id)
        await library.remove(ACME, GATED)
        with pytest.raises(openai.PermissionDeniedError):
            await acme.responses.retrieve(second.id)


async def test_a_batch_on_a_gated_model_is_refused_by_the_number_of_its_line(library: Library) -> None:
    async with library.of(ACME) as acme:
        with pytest.raises(openai.PermissionDeniedError) as refused:
            await acme.files.create(file=("b.jsonl", lines(OPEN, OPEN, GATED)), purpose="batch")
        assert "line 3" in told(refused.value).text.lower()
        many = lines(*[OPEN] * 4000, GATED)
        with pytest.raises(openai.PermissionDeniedError) as refused:
            await acme.files.create(file=("b.jsonl", many), purpose="batch")
        assert "line 4001" in told(refused.value).text.lower()
    assert library.archive.reached == []


async def test_a_batch_needs_a_file_whose_lines_were_read(library: Library) -> None:
    async with library.of(ACME) as acme:
        file = await acme.files.create(file=("b.jsonl", lines(GATED)), purpose="user_data")
        with pytest.raises(openai.PermissionDeniedError) as refused:
            await acme.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        assert told(refused.value).reason == "route_not_allowed"
        for purpose in ("batch ", "Batch", "unheard_of"):
            with pytest.raises(openai.PermissionDeniedError):
                await acme.files.create(file=("b.jsonl", lines(GATED)), purpose=purpose)  # type: ignore[arg-type]
        with pytest.raises(openai.PermissionDeniedError):
            await acme.uploads.create(purpose="batch", filename="b.jsonl", bytes=1, mime_type="text/plain")
    assert len(library.archive.reached) == 1


async def test_a_batch_whose_model_was_gated_since_is_not_begun(library: Library) -> None:
    async with library.of(ACME) as acme:
        file = await acme.files.create(file=("b.jsonl", lines(OPEN)), purpose="batch")
        library.raw.hset("gateway:models", OPEN, '{"stage": "preview"}')
        await library.admit(ACME, OPEN)
        with pytest.raises(openai.PermissionDeniedError) as refused:
            await acme.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        assert "outlives" in told(refused.value).text


async def test_work_in_the_background_is_for_models_that_are_open_to_all(library: Library) -> None:
    async with library.of(ACME) as acme:
        with pytest.raises(openai.PermissionDeniedError) as refused:
            await acme.responses.create(model=GATED, input="?", background=True)
        assert told(refused.value).reason == "route_not_allowed"
        made = await acme.responses.create(model=OPEN, input="?", background=True)
        assert (await acme.responses.retrieve(made.id)).id == made.id
    assert b'"background":true' in library.archive.reached[0].body.replace(b" ", b"")


async def test_messages_in_batches_are_read_one_by_one(library: Library) -> None:
    def batch(*models: str) -> dict[str, Any]:
        return {
            "requests": [
                {"custom_id": str(place), "params": {"model": model, "max_tokens": 9, "messages": []}} for place, model in enumerate(models)
            ]
        }

    status, refused = await library.ask(ACME, "POST", "/v1/messages/batches", json=batch(OPEN, GATED))
    assert status == 403
    assert "request 2" in refused["error"]["message"].lower()
    library.archive.same = "msgbatch-1"
    status, made = await library.ask(ACME, "POST", "/v1/messages/batches", json=batch(OPEN))
    assert (status, made["id"]) == (200, "msgbatch-1")
    assert (await library.ask(ACME, "GET", "/v1/messages/batches/msgbatch-1"))[0] == 200
    assert (await library.ask(BETA, "GET", "/v1/messages/batches/msgbatch-1"))[0] == 404


async def test_the_model_of_an_assistant_is_decided_on_at_each_run(library: Library) -> None:
    _, thread = await library.ask(ACME, "POST", "/v1/threads", json={})
    _, assistant = await library.ask(ACME, "POST", "/v1/assistants", json={"model": GATED})
    runs = f"/v1/threads/{thread['id']}/runs"
    status, refused = await library.ask(ACME, "POST", runs, json={"assistant_id": assistant["id"]})
    assert (status, refused["error"]["reason"]) == (403, "route_not_allowed")
    status, _ = await library.ask(ACME, "POST", f"/v1/assistants/{assistant['id']}", json={"model": OPEN})
    assert status == 403
    await library.remove(ACME, GATED)
    status, refused = await library.ask(ACME, "POST", runs, json={"assistant_id": assistant["id"]})
    assert refused["error"]["reason"] == "org_not_approved"


async def test_fine_tuning_is_for_models_that_are_open_to_all(library: Library) -> None:
    async with library.of(ACME) as acme, library.of(BETA) as beta:
        file = await acme.files.create(file=("t.jsonl", b"{}"), purpose="fine-tune")
        with pytest.raises(openai.PermissionDeniedError):
            await acme.fine_tuning.jobs.create(model=GATED, training_file=file.id)
        with pytest.raises(openai.NotFoundError):
            await beta.fine_tuning.jobs.create(model=OPEN, training_file=file.id)
        assert (await acme.fine_tuning.jobs.create(model=OPEN, training_file=file.id)).id


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": {"id": "pmpt-1"}},
        {"input": [{"type": "item_reference", "id": "msg-1"}], "previous_response_id": None},
        {"fileId": "file-1"},
        {"input": [{"role": "user", "content": [{"type": "input_file", "File_Id": "file-1"}]}]},
        {"previous_response_id": "resp-1/../resp-2"},
        {"conversation": {"id": "conv-1", "more": 1}},
        {"previous_response_id": ["resp-1", {"id": "resp-2"}]},
        {"kv_transfer_params": {"remote_host": "10.0.0.1"}, "previous_response_id": "resp-1"},
    ],
)
async def test_what_is_not_understood_stays_refused(library: Library, body: dict[str, Any]) -> None:
    status, refused = await library.ask(ACME, "POST", "/v1/responses", json={"model": OPEN, "input": "?", **body})
    assert (status, refused["error"]["reason"]) == (403, "route_not_allowed")
    assert library.archive.reached == []


@pytest.mark.parametrize("query", ["after=msg-1", "before=msg-1", "%61fter=msg-1", "run_id=run-1", "purpose=batch", "starting_after=msg-1"])
async def test_a_cursor_could_name_anothers_object(library: Library, query: str) -> None:
    _, thread = await library.ask(ACME, "POST", "/v1/threads", json={})
    status, _ = await library.ask(ACME, "GET", f"/v1/threads/{thread['id']}/messages?limit=5")
    assert status == 200
    status, _ = await library.ask(ACME, "GET", f"/v1/threads/{thread['id']}/messages?{query}")
    assert status == 403
