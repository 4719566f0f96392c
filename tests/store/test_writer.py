import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio
from support.servers import RedisServer
from support.witness import Watching

from gateway.errors import CommandError, OvertakenError, StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.client import connect
from gateway.store.edit import Condition, Edit
from gateway.store.keys import Keys
from gateway.store.writer import Change, PolicyWriter


@pytest.fixture
async def client(store_server: RedisServer) -> AsyncIterator["redis.asyncio.Redis"]:
    async with connect(parse_address(store_server.url)) as opened:
        yield opened


@pytest.fixture
def writer(client: "redis.asyncio.Redis") -> PolicyWriter:
    return PolicyWriter(client, Keys())


async def test_a_change_is_data_revision_and_entry(writer: PolicyWriter, store_server: RedisServer) -> None:
    put = await writer.put_grant("luna", "org_a", b"{}", "ops@host", "annex B")
    replaced = await writer.put_grant("luna", "org_a", '{"evaluator":true}', "ops@host")
    removed = await writer.remove_grant("luna", "org_a", "ops@host", "left")
    assert [(change.revision, change.before, change.after) for change in (put, replaced, removed)] == [
        (1, None, b"{}"),
        (2, b"{}", b'{"evaluator":true}'),
        (3, b'{"evaluator":true}', None),
    ]
    assert store_server.cli("EXISTS", "gateway:allowlist:luna") == 0
    assert store_server.cli("GET", "gateway:revision") == b"3"
    first, _, last = await writer.read_changes()
    assert {name: first[name] for name in ("revision", "who", "what", "why", "key", "field", "before", "after")} == {
        "revision": 1,
        "who": "ops@host",
        "what": "grant.put",
        "why": "annex B",
        "key": "gateway:allowlist:luna",
        "field": "org_a",
        "before": "",
        "after": "{}",
    }
    assert (last["what"], last["before"], last["after"]) == ("grant.remove", '{"evaluator":true}', "")
    assert str(last["when"]).endswith("Z")


async def test_when_a_change_was_written_is_told_by_the_stores_clock(client: "redis.asyncio.Redis", writer: PolicyWriter) -> None:
    before = await client.time()
    change = await writer.put_grant("luna", "org_a", "{}", "ops")
    after = await client.time()
    assert change.written_at is not None
    assert before[0] + before[1] / 1e6 <= change.written_at <= after[0] + after[1] / 1e6


async def test_every_kind(writer: PolicyWriter, store_server: RedisServer) -> None:
    await writer.put_stage("luna", '{"stage":"general"}', "ops")
    await writer.put_directive("d-1", "{}", "ops")
    await writer.put_revocation("org:x", "{}", "ops")
    assert store_server.cli("HGET", "gateway:models", "luna") == b'{"stage":"general"}'
    assert store_server.cli("HGET", "gateway:directives", "d-1") == b"{}"
    assert store_server.cli("HGET", "gateway:revocations", "org:x") == b"{}"
    assert (await writer.remove_directive("d-1", "ops")).before == b"{}"
    assert (await writer.remove_revocation("org:x", "ops")).revision == 5
    assert [entry["what"] for entry in await writer.read_changes()] == [
        "stage.put",
        "directive.put",
        "revocation.put",
        "directive.remove",
        "revocation.remove",
    ]


async def test_removing_what_is_not_there_changes_nothing(writer: PolicyWriter) -> None:
    await writer.put_grant("luna", "org_a", "{}", "ops")
    assert await writer.remove_grant("luna", "org_b", "ops") == Change(1, None, None)
    assert len(await writer.read_changes()) == 1


async def test_what_the_gate_could_not_read_is_not_written(writer: PolicyWriter, store_server: RedisServer) -> None:
    with pytest.raises(CommandError, match="until: not an RFC 3339"):
        await writer.put_grant("luna", "org_a", '{"until":"tomorrow"}', "ops")
    with pytest.raises(CommandError, match="public"):
        await writer.put_stage("luna", '{"stage":"public"}', "ops")
    with pytest.raises(CommandError, match="needs a rule"):
        await writer.put_directive("d", '{"effect":"restrict"}', "ops")
    with pytest.raises(CommandError, match="till"):
        await writer.put_revocation("org:x", '{"till":1}', "ops")
    assert store_server.cli("DBSIZE") == 0


async def test_changes_at_once_get_revisions_of_their_own(writer: PolicyWriter) -> None:
    changes = await asyncio.gather(*(writer.put_grant("luna", f"org_{number}", "{}", "ops") for number in range(12)))
    assert sorted(change.revision for change in changes) == list(range(1, 13))
    assert [entry["revision"] for entry in await writer.read_changes()] == list(range(1, 13))


@pytest.mark.parametrize("key", ["gateway:allowlist:luna", "gateway:changes"])
async def test_a_wrong_type_is_refused_before_anything_is_written(writer: PolicyWriter, store_server: RedisServer, key: str) -> None:
    store_server.cli("SET", key, "x")
    with pytest.raises(CommandError, match="remove or rename it first"):
        await writer.put_grant("luna", "org_a", "{}", "ops")
    assert store_server.cli("DBSIZE") == 1


async def test_an_unreadable_revision_is_refused(writer: PolicyWriter, store_server: RedisServer) -> None:
    store_server.cli("SET", "gateway:revision", "seven")
    with pytest.raises(CommandError, match="not a number"):
        await writer.put_grant("luna", "org_a", "{}", "ops")


async def test_a_lost_store_is_said(writer: PolicyWriter, store_server: RedisServer) -> None:
    store_server.kill()
    with pytest.raises(StoreUnavailableError, match="the change was not made"):
        await writer.put_grant("luna", "org_a", "{}", "ops")


async def test_a_change_reaches_the_watch_as_one(writer: PolicyWriter, store_server: RedisServer, watching: Watching) -> None:
    witness = await watching(store_server)
    change = await writer.put_grant("luna", "org_a", "{}", "ops")
    await witness.sees(lambda seen: seen.revision == change.revision, "revision")
    assert all(("org_a" in new.grants["luna"]) == (new.revision == 1) for _, new, _ in witness.published)


class Overtaken(PolicyWriter):
    """Somebody else changes the same field right after it has read the revision."""

    async def _check_conditions(self, *read: Any) -> None:
        if await self._client.hget(self._keys.models, "luna") is None:
            await PolicyWriter(self._client, self._keys).put_stage("luna", '{"stage":"preview"}', "another")
        await super()._check_conditions(*read)


async def test_who_is_overtaken_while_conditions_are_read_is_judged_anew_and_not_refused(redis_server: RedisServer) -> None:
    async with connect(parse_address(redis_server.url)) as client:
        edits = (Edit("model.stage", Keys().models, "luna", b'{"stage":"general"}'),)
        with pytest.raises(OvertakenError):
            await Overtaken(client, Keys()).carry_out(edits, "test", conditions=(Condition(Keys().models, "luna", None),), at=0)
