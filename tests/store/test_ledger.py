"""The ledger on real servers: owners once, models only added, entries that end, and the rights that it needs."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.clusters import StoreCluster
from support.servers import RedisServer, paused

from gateway.errors import StoreUnavailableError
from gateway.policy.holding import Holding
from gateway.store.address import parse_address
from gateway.store.client import connect
from gateway.store.keys import Keys
from gateway.store.ledger import Ledger, ledger_prefix

DOCS = Path(__file__).parents[2] / "docs" / "stateful.md"
GATE = Path(__file__).parents[2] / "deploy" / "redis" / "gate.acl"
ACME = Holding("acme", "response", ("frontier", "open"), 1000)

Noted = list[tuple[str, str]]


def ledger_at(url: str, noted: Noted | None = None, keep: float = 60.0) -> Ledger:
    address = parse_address(url)
    return Ledger(connect(address, 0.5), address.prefix, keep, lambda *told: (noted if noted is not None else []).append(told))


@pytest.fixture
async def ledger(store_server: RedisServer) -> AsyncIterator[Ledger]:
    opened = ledger_at(store_server.url)
    yield opened
    await opened.close()


def test_it_lies_beside_what_the_watch_tracks() -> None:
    for prefix in ("gateway:", "{gateway}:", "a.b:"):
        assert not ledger_prefix(prefix).startswith(Keys(prefix).tracked("w"))
    assert ledger_prefix("{gateway}:") == "{gateway}-ledger:"


async def test_what_was_entered_is_known(ledger: Ledger) -> None:
    assert await ledger.enter("api", ("resp-1", "file-1"), ACME)
    assert await ledger.look_up("api", ("resp-1", "file-1", "resp-2")) == [ACME, ACME, None]
    assert await ledger.look_up("other", ("resp-1",)) == [None]


async def test_the_first_owner_stays(ledger: Ledger) -> None:
    await ledger.enter("api", ("resp-1",), ACME)
    assert not await ledger.enter("api", ("resp-0", "resp-1"), Holding("beta", "file"))
    assert (await ledger.look_up("api", ("resp-1",)))[0] == ACME
    assert await ledger.enter("api", ("resp-1",), Holding("acme", "file", ("third",), 2000))
    assert await ledger.look_up("api", ("resp-1",)) == [Holding("acme", "response", ("frontier", "open", "third"), 1000)]


async def test_of_two_at_once_one_is_the_owner(ledger: Ledger) -> None:
    owners = [f"org-{number}" for number in range(20)]
    entered = await asyncio.gather(*(ledger.enter("api", ("resp-1",), Holding(owner, "response")) for owner in owners))
    assert sum(entered) == 1
    (found,) = await ledger.look_up("api", ("resp-1",))
    assert found is not None
    assert found.owner == owners[entered.index(True)]


async def test_models_are_only_added(ledger: Ledger) -> None:
    await ledger.enter("api", ("conv-1",), Holding("acme", "conversation", (), 1000))
    await asyncio.gather(*(ledger.mark("api", ("conv-1",), (f"m{number}",)) for number in range(5)))
    assert await ledger.look_up("api", ("conv-1",)) == [Holding("acme", "conversation", ("m0", "m1", "m2", "m3", "m4"), 1000)]


async def test_what_was_removed_is_not_there(ledger: Ledger) -> None:
    await ledger.enter("api", ("file-1",), ACME)
    await ledger.remove("api", "file-1")
    assert await ledger.look_up("api", ("file-1",)) == [None]
    await ledger.mark("api", ("file-1",), ("m",))
    assert await ledger.look_up("api", ("file-1",)) == [None], "a mark alone makes no object"


async def test_an_entry_lives_on_with_its_use(store_server: RedisServer, ledger: Ledger) -> None:
    await ledger.enter("api", ("file-1",), ACME)
    key = ledger.key("api", "file-1")
    store_server.cli("EXPIRE", key, 5)
    await ledger.look_up("api", ("file-1",))
    assert store_server.cli("TTL", key) > 50


async def test_for_good(store_server: RedisServer) -> None:
    ledger = ledger_at(store_server.url, keep=0)
    await ledger.enter("api", ("file-1",), ACME)
    assert store_server.cli("TTL", ledger.key("api", "file-1")) == -1
    await ledger.close()


@pytest.mark.parametrize(
    "fields", [("owner", "acme"), ("kind", "file", "created", "1"), ("owner", "acme", "kind", "file", "created", "x"), ("owner", b"\xff")]
)
async def test_an_entry_that_is_not_whole_is_nobodys(store_server: RedisServer, ledger: Ledger, fields: tuple[str | bytes, ...]) -> None:
    store_server.cli("HSET", ledger.key("api", "file-1"), *fields)
    assert await ledger.look_up("api", ("file-1",)) == [None]


async def test_another_type_at_the_key_is_a_failure(store_server: RedisServer, ledger: Ledger) -> None:
    store_server.cli("SET", ledger.key("api", "file-1"), "acme")
    with pytest.raises(StoreUnavailableError):
        await ledger.look_up("api", ("file-1",))


async def test_a_server_that_is_silent_is_a_failure(redis_server: RedisServer) -> None:
    noted: Noted = []
    ledger = ledger_at(redis_server.url, noted)
    with paused(redis_server):
        with pytest.raises(StoreUnavailableError):
            await ledger.look_up("api", ("file-1",))
    assert noted == [("look_up", "failed")]
    assert await ledger.look_up("api", ("file-1",)) == [None]
    await ledger.close()


async def test_an_entry_takes_no_more_memory_than_the_page_says(redis_server: RedisServer) -> None:
    ledger = ledger_at(redis_server.url)
    name = "resp_" + "0" * 48
    await ledger.enter("inference", (name,), Holding("org_" + "a" * 20, "response", ("frontier-model-1",)))
    assert redis_server.cli("MEMORY", "USAGE", ledger.key("inference", name)) < 400
    await ledger.close()


async def test_in_a_cluster_it_lies_in_the_policys_slot(store_cluster: StoreCluster) -> None:
    ledger = ledger_at(store_cluster.url)
    await ledger.enter("api", ("resp-1", "file-1"), ACME)
    assert await ledger.look_up("api", ("file-1", "resp-1", "x")) == [ACME, ACME, None]
    await ledger.close()


def rights() -> tuple[str, ...]:
    """Read the selector that the page tells to append."""
    found = re.search(r"^\((~gateway-ledger:\* .*)\)$", DOCS.read_text(), re.MULTILINE)
    assert found
    return tuple(found.group(1).split())


async def everything(server: RedisServer, selector: tuple[str, ...]) -> list[str]:
    """Do everything that a gate does with its ledger, as its user; tell what went wrong."""
    plain = [word for word in GATE.read_text().partition("(")[0].split()[2:] if not word.startswith("#")]
    server.cli("ACL", "SETUSER", "gate", "reset", "on", ">pw", *plain, f"({' '.join(selector)})")
    ledger = ledger_at(server.url.replace("//", "//gate:pw@", 1))
    try:
        await ledger.enter("api", ("resp-1",), ACME)
        await ledger.mark("api", ("resp-1",), ("m",))
        assert await ledger.look_up("api", ("resp-1",))
        await ledger.remove("api", "resp-1")
    except StoreUnavailableError as error:
        return [str(error)]
    finally:
        await ledger.close()
    return []


async def test_the_rights_on_the_page_are_enough_and_each_is_needed(redis_server: RedisServer) -> None:
    assert await everything(redis_server, rights()) == []
    for right in rights():
        problems = await everything(redis_server, tuple(other for other in rights() if other != right))
        assert problems, f"nothing needs {right}"
        assert "no permissions" in problems[0].lower()
