"""`gateway serve --workers 2`, the real command: one gate to its callers, whatever happens to one of its processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import openai
import pytest
import pytest_asyncio
from msgspec import structs
from support.running import GATED, OPEN, eventually, write_settings
from support.sdk import MESSAGES, SDK_ERRORS, VOICES, Heard, async_openai, told
from support.servers import RedisServer
from support.serving import ServedGate, serving

from gateway.settings.shape import Limits, ModelSection

SEVERAL = 32  # connections, more than enough that the kernel spreads them over two workers
CHAT = VOICES[1]
together = pytest.mark.asyncio(loop_scope="module")


# -- one crew for the tests that leave it as they found it ----------------------------------------------------------------


@pytest.fixture(scope="module")
def shared_store() -> Iterator[RedisServer]:
    """The store of the shared crew."""
    server = RedisServer("redis").start()
    yield server
    server.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, shared_store: RedisServer) -> AsyncIterator[ServedGate]:
    """Two workers; to start them takes seconds."""
    async with serving(tmp_path_factory.mktemp("served"), shared_store) as gate:
        yield gate


@pytest_asyncio.fixture(loop_scope="module")
async def served(shared: ServedGate, shared_store: RedisServer) -> ServedGate:
    """The shared crew; org_acme is a partner, and both workers know it."""
    shared.upstream.pace = 0.0
    shared_store.cli("HSET", f"gateway:allowlist:{GATED}", "org_acme", "{}")
    async with asyncio.timeout(10):
        while {status for status, _ in await several_answers(shared)} != {200}:
            pass
    return shared


async def several_answers(served: ServedGate) -> list[tuple[int, str]]:
    """Ask on several connections, one after the other: the statuses, and who answered."""
    return [await served.ask_afresh(GATED) for _ in range(SEVERAL)]


async def workers_seen(served: ServedGate) -> set[str]:
    """Tell who answers."""
    return {worker for _, worker in await several_answers(served)}


@together
async def test_both_workers_serve_and_the_metrics_are_the_sum(served: ServedGate) -> None:
    before = await served.metric("gateway_requests_total", model=GATED, decision="permit")
    assert len(await workers_seen(served)) == 2
    for _ in range(8):
        now = await served.metric("gateway_requests_total", model=GATED, decision="permit")
        assert now == before + SEVERAL, "whichever worker is asked"
    assert len(served.workers()) == 2


@together
async def test_both_workers_keep_records(served: ServedGate) -> None:
    workers = await workers_seen(served)

    def on_record() -> bool:
        text = "".join(file.read_text() for file in (served.file.parent / "audit").iterdir())
        return all(worker in text for worker in workers) and all(f'"worker":"{name}"' in text for name in ("w0", "w1"))

    await eventually(on_record, "records of both workers")


@together
async def test_a_removed_grant_cuts_the_streams_of_every_worker(served: ServedGate, shared_store: RedisServer) -> None:
    served.upstream.pace = 0.01
    before = await served.metric("gateway_streams_cut_total", reason="org_not_approved")
    heard = [Heard() for _ in range(12)]
    streams = [asyncio.create_task(VOICES[1 + 2 * (each % 3)].listen(served, GATED, one)) for each, one in enumerate(heard)]
    await eventually(lambda: all(one.events >= 3 for one in heard), "three events each")
    assert len({one.decision_id[:16] for one in heard}) == 2
    shared_store.cli("HDEL", f"gateway:allowlist:{GATED}", "org_acme")
    for stream, one in zip(streams, heard, strict=True):
        with pytest.raises(SDK_ERRORS) as caught:
            await asyncio.wait_for(stream, 5)
        assert (told(caught.value).reason, told(caught.value).decision_id) == ("org_not_approved", one.decision_id)
    await served.upstream.until(lambda upstream: upstream.open_streams == 0)
    assert await served.metric("gateway_streams_cut_total", reason="org_not_approved") == before + 12


@together
async def test_a_bad_file_keeps_the_old_settings_and_a_good_one_replaces_them(served: ServedGate) -> None:
    failed, done = [await served.metric("gateway_config_reloads_total", outcome=outcome) for outcome in ("failed", "ok")]
    good = served.file.read_text()
    served.file.write_text(good.replace('"gated": false', '"gated": "maybe"'))
    served.process.send_signal(signal.SIGHUP)
    await until_counted(served, "failed", failed + 2)
    assert "expected true or false" in served.log
    assert len(await workers_seen(served)) == 2
    fresh = ModelSection(id="open-2", upstream="demo", gated=False)
    write_settings(served.file, structs.replace(served.settings, models=(*served.settings.models, fresh)))
    served.process.send_signal(signal.SIGHUP)
    await until_counted(served, "ok", done + 2)
    async with async_openai(served) as client:
        answer = await client.chat.completions.create(model="open-2", messages=MESSAGES)
        assert answer.choices[0].finish_reason == "stop"
        assert [model.id async for model in client.models.list()] == [GATED, OPEN, "open-2"]


async def until_counted(served: ServedGate, outcome: str, count: float) -> None:
    """Wait until so many reloads have been counted."""
    async with asyncio.timeout(10):
        while await served.metric("gateway_config_reloads_total", outcome=outcome) < count:
            pass


@together
async def test_a_killed_worker_is_replaced_and_no_number_goes_backwards(served: ServedGate) -> None:
    served.upstream.pace = 0.01
    heard = Heard()
    before = await workers_seen(served)
    starts, deaths = served.log.count('"serving"'), served.log.count("worker_died")
    listening = asyncio.create_task(CHAT.listen(served, GATED, heard))
    await eventually(lambda: heard.events >= 3, "three events")
    counted = await served.metric("gateway_requests_total")
    assert await served.metric("gateway_streams_open") == 1
    victims = served.workers()
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    with pytest.raises(openai.APIConnectionError):
        await listening
    await served.upstream.until(lambda upstream: upstream.open_streams == 0)
    await served.until_serving(starts + 2)
    assert len(served.workers() - victims) == 2
    assert not before & await workers_seen(served)
    assert await served.metric("gateway_requests_total") == counted + SEVERAL
    assert await served.metric("gateway_streams_open") == 0
    assert served.log.count("worker_died") == deaths + 2


# -- each with a crew of its own ------------------------------------------------------------------------------------------


async def test_sigterm_lets_a_running_stream_end_whole(tmp_path: Path, redis_server: RedisServer) -> None:
    redis_server.cli("HSET", f"gateway:allowlist:{GATED}", "org_acme", "{}")
    async with serving(tmp_path, redis_server, limits=Limits(drain=15.0)) as served:
        heard = Heard()
        listening = asyncio.create_task(CHAT.listen(served, GATED, heard, length=20))
        await served.upstream.until(lambda upstream: upstream.open_streams == 1)
        served.upstream.flowing.clear()
        served.process.send_signal(signal.SIGTERM)
        await until_nobody_listens(served)
        assert not listening.done()
        served.upstream.flowing.set()
        await asyncio.wait_for(listening, 10)
        assert heard.events >= 20
        assert await served.ended() == 0


async def until_nobody_listens(served: ServedGate) -> None:
    """Connect until it is refused."""
    host, port = served.settings.listen.proxy.address.split(":")
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except ConnectionError:
                return
            writer.close()


async def test_sigterm_ends_after_the_drain_time_whatever_runs(tmp_path: Path, redis_server: RedisServer) -> None:
    redis_server.cli("HSET", f"gateway:allowlist:{GATED}", "org_acme", "{}")
    async with serving(tmp_path, redis_server, limits=Limits(drain=0.5)) as served:
        served.upstream.pace = 0.02
        listening = asyncio.create_task(CHAT.listen(served, GATED, Heard()))
        await served.upstream.until(lambda upstream: upstream.open_streams == 1)
        served.process.send_signal(signal.SIGTERM)
        with pytest.raises(openai.APIError):
            await asyncio.wait_for(listening, 10)
        assert await served.ended() == 0
        await served.upstream.until(lambda upstream: upstream.open_streams == 0)


@pytest.mark.parametrize("workers", [1, 2])
async def test_sighup_to_a_gate_that_still_starts_ends_nobody(tmp_path: Path, redis_server: RedisServer, workers: int) -> None:
    async with serving(tmp_path, redis_server, workers=workers, wait=False) as served:
        begun = (lambda: len(served.workers()) == workers) if workers > 1 else (lambda: holds_sighup(served.process.pid))
        await eventually(begun, "the start has begun", 20)
        served.process.send_signal(signal.SIGHUP)
        await served.until_serving(workers)
        assert "worker_died" not in served.log
        await served.until_metric("gateway_config_reloads_total", workers, outcome="ok")


def holds_sighup(pid: int) -> bool:
    """Whether a process has SIGHUP blocked, as the kernel tells it."""
    blocked = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigBlk:"))
    return bool(int(blocked.split()[1], 16) >> (signal.SIGHUP - 1) & 1)


async def test_a_worker_that_cannot_start_says_why_in_one_line(tmp_path: Path, redis_server: RedisServer) -> None:
    async with serving(tmp_path, redis_server, workers=1) as served:
        log = tmp_path / "second.log"
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(served.file), "--workers", "2"]
        with log.open("wb") as errors, subprocess.Popen(command, stderr=errors) as second:  # noqa: ASYNC220 - to start it blocks for a moment
            try:
                await eventually(lambda: '"worker_not_started"' in log.read_text(), "the second gate says so", 30)
            finally:
                second.terminate()
        assert "address already in use" in log.read_text()
        assert "Traceback" not in log.read_text()
