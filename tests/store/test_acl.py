"""The users of deploy/redis/: with exactly these rights everything works, and with any one right less it is said which.

The gate and the operators of the plain files are played behind sentinels, where they need the most.
"""

import asyncio
import hashlib
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path

import pytest
from msgspec import structs
from redis.exceptions import NoPermissionError, ResponseError
from support.clusters import StoreCluster
from support.sentinels import SentinelGroup
from support.servers import RedisServer
from support.witness import CATALOGUE, eventually, read_clock

from gateway.errors import StoreUnavailableError
from gateway.policy.gcra import rate_of
from gateway.policy.share import Share
from gateway.settings.shape import Store
from gateway.store.address import StoreAddress, parse_address
from gateway.store.client import connect
from gateway.store.keys import Keys
from gateway.store.reader import PolicyReader
from gateway.store.reading import read_once
from gateway.store.replicas import ReplicaRegister
from gateway.store.sentinels import Sentinels
from gateway.store.shares import Asked, ShareStore
from gateway.store.slotfeed import open_slot_feed
from gateway.store.watch import PolicyWatch
from gateway.store.writer import PolicyWriter

DIRECTORY = Path(__file__).parents[2] / "deploy" / "redis"
PASSWORD = "pw"
SETTINGS = Store(canary_every=0.02, timeout=0.5)
UNUSED = "+asking"
"""Needed while a slot is half moved (test_slotfeed.py)."""

WITHOUT_MEMORY = "+eval_ro"
"""Needed where a server without memory runs no transaction: Redis from 8 on reads in one even then."""
READS_WITHOUT_MEMORY = 8

FRAME = ("on", "resetkeys", "resetchannels", "-@all")

Rights = tuple[str, ...]


def rights_of(file: str, user: str) -> Rights:
    """What a user of a file is given, a right each; a selector is one."""
    line = next(line for line in (DIRECTORY / file).read_text().splitlines() if line.startswith(f"user {user} "))
    plain, bracket, selector = line.partition("(")
    given = tuple(word for word in plain.split()[2:] if word not in FRAME and not word.startswith("#"))
    return (*given, *((bracket + selector.strip(),) if bracket else ()))


def grant(servers: Iterable[RedisServer], user: str, rights: Rights) -> None:
    for server in servers:
        server.cli("ACL", "SETUSER", user, "reset", "on", f">{PASSWORD}", *rights)


class Stage:
    """One server as the default user, who may do anything, sees it; the gate and the operator come by `url`."""

    def __init__(self, url: str, servers: Iterable[RedisServer], cli: Callable[..., object], sentinels: Iterable[RedisServer] = ()) -> None:
        self.servers, self.sentinels, self.cli = tuple(servers), tuple(sentinels), cli
        self._url = url.replace("//", f"//{{}}:{PASSWORD}@", 1)
        if self.sentinels:
            self._url += f"?sentinel_username={{}}&sentinel_password={PASSWORD}"
        self.keys = Keys(self.address("gate").prefix)

    def address(self, user: str, sentinel_user: str = "") -> StoreAddress:
        return parse_address(self._url.format(user, sentinel_user or user))

    def file(self, user: str) -> str:
        return f"{user}.acl" if self.sentinels else f"{user}-cluster.acl"

    @property
    def unused(self) -> tuple[str, ...]:
        """Rights that nobody needs here."""
        version = str(self.servers[0].cli("INFO", "server")["redis_version"])  # Valkey says 7.2.4 here
        return (UNUSED, WITHOUT_MEMORY) if int(version.partition(".")[0]) >= READS_WITHOUT_MEMORY else (UNUSED,)

    def set_up(self) -> None:
        for key in self.cli("KEYS", f"{self.keys.prefix}*"):  # type: ignore[attr-defined]
            self.cli("DEL", key)
        self.cli("HSET", self.keys.allowlist("luna"), "org_acme", "{}", "org_b", "{}", "org_c", "{}")

    def limit_memory(self, limit: int) -> None:
        for server in self.servers:
            server.cli("CONFIG", "SET", "maxmemory", limit)


async def gate_does_everything(stage: Stage) -> list[str]:
    """What a gate does at a store in its life, from a policy typed in by hand on; answer what went wrong."""
    stage.set_up()
    watch = PolicyWatch(stage.address("gate"), SETTINGS, CATALOGUE, frozenset, read_clock, lambda *_: None)

    async def until(condition: Callable[[], object], what: str) -> bool:
        await eventually(lambda: condition() or watch.last_error, what)
        return not watch.last_error

    def lacks(organisation: str) -> bool:
        return organisation not in watch.snapshot.grants["luna"]

    async def live() -> bool:
        allowlist = stage.keys.allowlist("luna")
        if not await until(lambda: watch.up and watch.snapshot.revision == 0 and not math.isnan(watch.canary_seconds), "first policy"):
            return False
        await until(lambda: stage.cli("EXISTS", stage.keys.revision), "revision")
        stage.cli("HDEL", allowlist, "org_acme")
        if not await until(lambda: lacks("org_acme"), "removal"):
            return False
        stage.limit_memory(1)
        stage.cli("HDEL", allowlist, "org_b")
        return await until(lambda: lacks("org_b"), "removal without memory")

    starting = asyncio.create_task(watch.start())
    try:
        await live()
    finally:
        stage.limit_memory(0)
        starting.cancel()
        await watch.stop()
    return [watch.last_error, *await _reports(stage)] if watch.last_error else await _reports(stage)


async def _reports(stage: Stage) -> list[str]:
    register = ReplicaRegister(stage.address("gate"), stage.keys, 0.5)
    steps: tuple[Callable[[], Awaitable[object]], ...] = (
        register.time,
        lambda: register.report("w", b"1"),
        register.read,
        lambda: register.remove("w"),
    )
    problems = await _tried(*steps)
    register.close()
    return problems or await _shares(stage)


async def _shares(stage: Stage) -> list[str]:
    shares = ShareStore(stage.address("gate"), stage.keys, "w", 0.5)
    asked = Asked("luna", "org_acme", Share(rate_of(10, 1, 10), 10, 1.0, 2), requests=1, places=1)
    problems = await _tried(lambda: shares.take([asked]), lambda: shares.take([structs.replace(asked, places=0)]))
    shares.close()
    return problems


async def operator_does_everything(stage: Stage) -> list[str]:
    """Every kind of change and every list."""
    stage.set_up()
    stage.cli("HSET", stage.keys.replicas, "w", "{}")
    address = stage.address("operator")
    async with connect(address) as client:
        writer, reader = PolicyWriter(client, stage.keys), PolicyReader(client, stage.keys)
        problems = await _tried(
            lambda: writer.put_grant("luna", "org_d", "{}", "test"),
            lambda: writer.remove_grant("luna", "org_d", "test"),
            lambda: writer.put_stage("luna", '{"stage":"preview"}', "test"),
            lambda: writer.put_directive("d", '{"effect":"suspend"}', "test"),
            lambda: writer.remove_directive("d", "test"),
            lambda: writer.remove_directive("unheard of", "test"),
            lambda: writer.put_revocation("org:x", "{}", "test"),
            lambda: writer.remove_revocation("org:x", "test"),
            reader.allowlisted_models,
            lambda: reader.allowlist("luna"),
            reader.models,
            reader.directives,
            reader.revocations,
            reader.replicas,
            reader.now,
            reader.revision,
            reader.changes,
            lambda: _on(client.hget(stage.keys.pending, "x")),
            lambda: _on(client.hset(stage.keys.pending, "x", "{}")),
        )
    stage.limit_memory(1)
    try:
        problems += await _tried(lambda: read_once(address, SETTINGS, CATALOGUE, frozenset, read_clock))
    finally:
        stage.limit_memory(0)
    return problems


async def _tried(*steps: Callable[[], Awaitable[object]]) -> list[str]:
    """Take the steps as far as they go; why no further."""
    for step in steps:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 (whatever it is, it must be clear)
            return [f"{type(error).__name__}: {error}"]
    return []


async def _on(answer: Awaitable[object] | object) -> None:
    """Await what redis-py types as either."""
    assert isinstance(answer, Awaitable)
    await answer


@pytest.fixture(scope="module")
def sentinel_stage() -> Iterator[Stage]:
    with SentinelGroup() as group:
        for user in ("gate", "operator"):
            grant(group.sentinels, user, rights_of("sentinel.acl", user))
        yield Stage(group.url, group.servers, group.server.cli, group.sentinels)


@pytest.fixture(scope="module")
def acl_cluster() -> Iterator[StoreCluster]:
    with StoreCluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def cluster_stage(acl_cluster: StoreCluster) -> Stage:
    return Stage(acl_cluster.url, acl_cluster.nodes, acl_cluster.cli)


@pytest.fixture(params=["sentinel", "cluster"])
def stage(request: pytest.FixtureRequest) -> Stage:
    chosen: Stage = request.getfixturevalue(f"{request.param}_stage")
    for user in ("gate", "operator"):
        grant(chosen.servers, user, rights_of(chosen.file(user), user))
    return chosen


async def test_these_rights_are_enough_for_the_gate(stage: Stage) -> None:
    assert await gate_does_everything(stage) == []


async def test_these_rights_are_enough_for_the_operator(stage: Stage) -> None:
    assert await operator_does_everything(stage) == []


async def test_the_gate_may_not_change_the_policy(stage: Stage) -> None:
    stage.set_up()
    keys = stage.keys
    hashes = (keys.allowlist("luna"), keys.models, keys.directives, keys.revocations)
    forbidden = [("HSET", key, "x", "{}") for key in hashes] + [("DEL", keys.revocations), ("SET", keys.revision, "1"), ("FLUSHALL",)]
    async with connect(stage.address("gate")) as client:
        for command in (*forbidden, ("CONFIG", "GET", "*"), ("KEYS", "*"), ("ACL", "LIST")):
            with pytest.raises(NoPermissionError):
                await client.execute_command(*command)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("product", ["redis", "valkey"])
def test_a_server_reads_the_files(product: str, tmp_path: Path) -> None:
    files = ("gate.acl", "operator.acl")
    text = "".join((DIRECTORY / file).read_text() for file in files)
    (tmp_path / "users.acl").write_text(text.replace("SHA256-OF-THE-PASSWORD", hashlib.sha256(PASSWORD.encode()).hexdigest()))
    server = RedisServer(product, options={"aclfile": str(tmp_path / "users.acl")}).start()
    try:
        assert set(server.cli("ACL", "USERS")) == {b"default", b"gate", b"operator"}
        server.cli("ACL", "DRYRUN", "gate", "HGETALL", "gateway:models")
        (tmp_path / "users.acl").write_text(text)
        with pytest.raises(ResponseError, match="password hash must be exactly 64 characters"):
            server.cli("ACL", "LOAD")
    finally:
        server.close()


async def test_a_sentinel_that_does_not_tell_the_gate_of_switches_is_said(sentinel_stage: Stage) -> None:
    """Without the news of a new master nothing is confirmed; the policy ages, and it is said why."""
    full = rights_of("sentinel.acl", "gate")
    grant(sentinel_stage.sentinels, "deaf", tuple(right for right in full if right != "+subscribe"))
    grant(sentinel_stage.sentinels, "lost", tuple(right for right in full if not right.startswith("&")))
    grant(sentinel_stage.sentinels, "mute", tuple(right for right in full if right != "+sentinel|master"))
    with pytest.raises(StoreUnavailableError, match=r"no permissions to run the 'sentinel\|master' command"):
        await Sentinels(sentinel_stage.address("gate", "mute"), 0.5).find()
    kept = {}
    for user in ("deaf", "lost", "gate"):
        sentinels = Sentinels(sentinel_stage.address("gate", user), 0.1)
        await sentinels.find()
        kept[user] = sentinels, asyncio.create_task(sentinels.keep(0.05))
    await eventually(lambda: kept["deaf"][0].doubt() and kept["lost"][0].doubt(), "doubt")
    assert "no permissions to run the 'subscribe' command" in kept["deaf"][0].doubt()
    assert "channel" in kept["lost"][0].doubt()
    assert not kept["gate"][0].doubt()
    for _, task in kept.values():
        task.cancel()
        await asyncio.wait((task,))


async def test_while_the_slot_is_half_moved_the_gate_needs_asking(acl_cluster: StoreCluster, cluster_stage: Stage) -> None:
    full = rights_of("gate-cluster.acl", "gate")
    grant(acl_cluster.nodes, "gate", full)
    acl_cluster.mend()
    cluster_stage.set_up()
    source, target = acl_cluster.primary, acl_cluster.bystander
    acl_cluster.begin_move(target)
    place = cluster_stage.address("gate").at(("127.0.0.1", source.port))
    feed = await open_slot_feed(place, cluster_stage.keys, "me", 1.0)
    assert b"org_acme" in (await feed.read(("luna",))).allowlists["luna"]
    grant(acl_cluster.nodes, "gate", tuple(right for right in full if right != "+asking"))
    with pytest.raises(StoreUnavailableError, match="no permissions to run the 'asking' command"):
        await feed.read(("luna",))
    feed.close()
    acl_cluster.end_move(source, target)


@pytest.mark.slow
@pytest.mark.parametrize("user", ["gate", "operator"])
async def test_with_one_right_less_it_is_said_which(stage: Stage, user: str) -> None:
    does = gate_does_everything if user == "gate" else operator_does_everything
    full = rights_of(stage.file(user), user)
    for right in full:
        if right in stage.unused:
            continue
        grant(stage.servers, user, tuple(other for other in full if other != right))
        problems = await does(stage)
        assert problems, f"nothing needs {right}"
        assert _is_clear(problems[0], right), (right, problems)


def _is_clear(problem: str, right: str) -> bool:
    if right == "+multi" and "EXEC without MULTI" in problem:
        return True
    if right == "+pexpire" and "ERR PEXPIRE" in problem:
        return True
    return "no permissions" in problem.lower() and _named(right) in problem


def _named(right: str) -> str:
    """What an error for want of this right must name: the command, or that it is about a key."""
    return right.rstrip(")").rpartition("+")[2] if "+" in right else "key"
