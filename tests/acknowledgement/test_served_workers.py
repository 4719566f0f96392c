"""`gateway serve --workers 2` as it is run: a worker that hangs is named, one that was killed leaves the list."""

import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.running import GATED, OPEN, eventually
from support.servers import RedisServer
from support.serving import ServedGate, serving
from support.several import typed

from gateway.store.report import decode_report

pytestmark = pytest.mark.slow
Status = Callable[[], Awaitable[list[dict[str, Any]]]]


def keys_by_pid(server: RedisServer) -> dict[int, str]:
    """Process id -> key of each entry, as the store has them."""
    flat = server.cli("HGETALL", "gateway:replicas")
    entries = flat if isinstance(flat, dict) else dict(zip(flat[::2], flat[1::2], strict=True))
    reports = {key.decode(): decode_report(told) for key, told in entries.items()}
    return {report.pid: key for key, report in reports.items() if report is not None}


async def removed(served: ServedGate, *options: str) -> Any:
    """Take the partner off its list, as an operator would."""
    return await typed("partner", "remove", "org_acme", "--model", GATED, "--config", str(served.file), *options)


async def added(served: ServedGate) -> None:
    """Put it there and see it applied."""
    said = await typed("partner", "add", "org_acme", "--model", GATED, "--wait", "--config", str(served.file))
    assert said.code == 0, said.err


async def test_a_worker_that_hangs_is_named_and_one_that_was_killed_is_forgotten(tmp_path: Path, redis_server: RedisServer) -> None:
    async with serving(tmp_path, redis_server) as served:
        await added(served)
        keys = keys_by_pid(redis_server)
        assert keys.keys() == served.workers()
        hung = min(keys)
        os.kill(hung, signal.SIGSTOP)

        said = await removed(served, "--wait", "0.7")
        assert said.code == 1
        assert f"not applied within 0.7 s by {keys[hung]}." in said.err
        assert said.out.count("HAS NOT ANSWERED: it stands at revision 1") == 1
        assert said.out.count("applied in ") == 1
        assert "revision 2" in said.out, "the change stands"

        os.kill(hung, signal.SIGCONT)
        assert (await typed("status", "--wait", "--config", str(served.file))).code == 0

        os.kill(hung, signal.SIGKILL)
        await eventually(lambda: hung not in keys_by_pid(redis_server), "the entry of the dead has disappeared", 15)
        await eventually(lambda: len(keys_by_pid(redis_server)) == 2, "its successor reports", 15)
        await added(served)
        assert keys_by_pid(redis_server).keys() == served.workers()

        served.process.terminate()
        assert await served.ended() == 0
        assert keys_by_pid(redis_server) == {}


async def test_two_processes_say_what_they_cut(tmp_path: Path, redis_server: RedisServer) -> None:
    async with serving(tmp_path, redis_server) as served:
        await added(served)
        assert {status for status, _ in [await served.ask_afresh(OPEN)]} == {200}
        said = await removed(served, "--wait", "--json")
        assert said.code == 0
        assert said.facts["complete"] is True
        workers = {answer["worker"] for answer in said.facts["workers"]}
        assert workers == set(keys_by_pid(redis_server).values())
        assert all(0 <= answer["in_force_ms"] < 5000 for answer in said.facts["workers"])
