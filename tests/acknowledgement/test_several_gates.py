"""Three gates on one store: what `--wait` says is so, and what is revoked ends everywhere and nothing else does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.running import GATED, OPEN, eventually
from support.servers import RedisServer
from support.several import Fleet, Stream, fleet, over

ACME = f"gateway:allowlist:{GATED}"


@pytest.fixture
async def gates(tmp_path: Path, redis_server: RedisServer) -> AsyncIterator[Fleet]:
    async with fleet(tmp_path, redis_server) as started:
        assert (await started.type("partner", "add", "org_acme", "--model", GATED, "--wait")).code == 0
        assert (await started.type("partner", "add", "org_globex", "--model", GATED, "--wait")).code == 0
        yield started


def held(gates: Fleet) -> int:
    return sum(len(gateway.gate.leases) for gateway in gates.gateways)


def flowing(*streams: Stream) -> bool:
    return not any(stream.over for stream in streams)


async def grow(*streams: Stream) -> None:
    """Wait until each of them has brought more than now."""
    sizes = [len(stream.text) for stream in streams]
    await eventually(lambda: all(len(one.text) > size for one, size in zip(streams, sizes, strict=True)), "the streams flow on")


async def test_when_it_returns_every_stream_of_the_removed_is_cut_everywhere(gates: Fleet) -> None:
    removed, others = await gates.stream(count=9), await gates.stream("org_globex", count=3)
    told = await gates.told("partner", "remove", "org_acme", "--model", GATED, "--reason", "annex C", "--wait")
    assert held(gates) == 3, "applied means that the last cut is done"
    assert told["complete"] is True
    assert [answer["state"] for answer in told["workers"]] == ["applied"] * 3
    assert [answer["cut"] for answer in told["workers"]] == [3, 3, 3]
    await over(*removed)
    assert all(b"org_not_approved" in stream.text for stream in removed)
    for answer in told["workers"]:
        assert 0 < answer["applied_ms"] < 2000
        assert 0 < answer["last_byte_ms"] <= answer["in_force_ms"] < 2000
    await grow(*others)


async def test_people_are_told_a_line_for_each_worker(gates: Fleet) -> None:
    await gates.stream(count=2)
    said = await gates.type("model", "stage", GATED, "suspended", "--wait", "5")
    assert said.code == 0
    first, *lines = said.out.splitlines()
    assert first == f"{GATED} is at stage suspended (revision 3)"
    assert len(lines) == 3
    assert sum("1 stream cut, last byte" in line for line in lines) == 2
    assert sum("no stream cut, in force" in line for line in lines) == 1
    assert all("ms after the write" in line and "applied in" in line for line in lines)


@pytest.mark.parametrize(
    ("words", "caught"),
    [
        (("token", "t-1"), {"jti": "t-1"}),
        (("token", "t-1", "--issuer", "demo"), {"jti": "t-1"}),
        (("subject", "demo", "ann"), {"sub": "ann"}),
    ],
    ids=["token", "token of an issuer", "subject"],
)
async def test_a_revocation_ends_what_it_names_and_nothing_else(gates: Fleet, words: tuple[str, ...], caught: dict[str, str]) -> None:
    named = await gates.stream(count=3, **caught)
    named += await gates.stream(count=3, model=OPEN, **caught)
    others = await gates.stream(count=3, sub="bob", jti="t-2")
    told = await gates.told("revoke", *words, "--wait")
    assert [answer["cut"] for answer in told["workers"]] == [2, 2, 2]
    await over(*named)
    assert all(b"token_revoked" in stream.text for stream in named)
    await grow(*others)
    assert flowing(*others)
    sweeps = sum(gateway.metrics.streams_cut.labels(model, "token_revoked").value for gateway in gates.gateways for model in (GATED, OPEN))
    assert sweeps == 6


async def test_an_organisation_is_revoked_on_every_model_until_it_is_lifted(gates: Fleet) -> None:
    named, others = await gates.stream(count=3), await gates.stream("org_globex", count=3)
    open_too = await gates.stream(count=3, model=OPEN)
    told = await gates.told("revoke", "org", "org_acme", "--until", "+1h", "--wait")
    assert [answer["cut"] for answer in told["workers"]] == [2, 2, 2]
    await over(*named, *open_too)
    await grow(*others)
    assert (await gates.told("revoke", "lift", "org:org_acme", "--wait"))["complete"] is True
    await grow(*await gates.stream(count=3))


async def test_a_revocation_typed_by_hand_does_the_same(gates: Fleet, redis_server: RedisServer) -> None:
    named, others = await gates.stream(count=3, sub="ann"), await gates.stream(count=3, sub="bob")
    redis_server.cli("HSET", "gateway:revocations", "sub:demo/ann", "{}")
    told = await gates.told("status", "--wait")
    assert told["complete"] is True
    assert held(gates) == 3
    await over(*named)
    await grow(*others)


async def test_edits_by_hand_are_awaited_though_they_raise_no_revision(gates: Fleet, redis_server: RedisServer) -> None:
    removed = await gates.stream(count=3)
    redis_server.cli("HDEL", ACME, "org_acme")
    told = await gates.told("status", "--wait")
    assert held(gates) == 0
    assert told["workers_agree"] is True
    assert [(row["state"], row["behind"], row["streams"]) for row in told["replicas"]] == [("live", 0, 0)] * 3
    await over(*removed)


async def test_status_shows_every_worker_live(gates: Fleet) -> None:
    await gates.stream(count=6)
    await eventually(lambda: held(gates) == 6, "six streams")

    async def streams() -> list[int]:
        return [row["streams"] for row in (await gates.told("status"))["replicas"]]

    async with asyncio.timeout(10):
        while await streams() != [2, 2, 2]:
            pass
    rows = (await gates.told("status"))["replicas"]
    assert [row["revision"] for row in rows] == [2, 2, 2]
    assert all(row["fresh_s"] < 6 and row["reported_s"] < 6 and row["store_up"] for row in rows)
    assert "live" in (await gates.type("status")).out


async def test_a_worker_that_is_stopped_is_neither_waited_for_nor_shown(gates: Fleet) -> None:
    await gates.gateways[2].stop()
    told = await gates.told("partner", "remove", "org_acme", "--model", GATED, "--wait")
    assert [answer["state"] for answer in told["workers"]] == ["applied", "applied"]
    assert len((await gates.told("status"))["replicas"]) == 2


async def test_reports_that_cannot_be_written_are_counted_and_harm_nobody(gates: Fleet, redis_server: RedisServer) -> None:
    redis_server.cli("DEL", "gateway:replicas")
    redis_server.cli("SET", "gateway:replicas", "in the way")
    streams = await gates.stream(count=3)
    gateway = gates.gateways[0]
    await eventually(lambda: gateway.metrics.replica_report_failures.value > 0, "a report fails")
    redis_server.cli("HDEL", ACME, "org_acme")
    await over(*streams, within=2)
    redis_server.cli("DEL", "gateway:replicas")
    assert (await gates.type("status", "--wait")).code == 0


async def test_one_that_does_not_sweep_is_not_taken_for_one_that_has(gates: Fleet) -> None:
    """Its policy is new, its streams are not cut: the revision alone would prove nothing."""
    streams = await gates.stream(count=3)
    idle = gates.gateways[1]
    idle.gate.leases.published = lambda *_: None  # type: ignore[method-assign]
    said = await gates.type("partner", "remove", "org_acme", "--model", GATED, "--wait", "1")
    assert said.code == 1
    assert idle.watch.snapshot.revision == 3
    assert f"not applied within 1 s by {idle.replica.key}" in said.err
    assert "HAS NOT ANSWERED: it stands at revision 2" in said.out
    assert [stream.over for stream in streams] == [True, False, True]
