"""The new enemy (Zanzibar, section 2.2): who was removed before something new was published must never reach it, on no worker, at no time.

There is no bound to wait for here: one request let through in the wrong order is one too many.
"""

import asyncio
import time
from pathlib import Path

from support import weakened
from support.checker import OK
from support.servers import RedisServer
from support.theatre import NEAR, NEWCOMER, Theatre, X, Y, open_theatre

from gateway.app import PARTS, Parts

ROUNDS = 60
WORKERS = 3
PATIENCE = 10.0
PREVIEW, SUSPENDED = '{"stage":"preview"}', '{"stage":"suspended"}'
X_REVOKED = f"org:{X}"


async def play(directory: Path, server: RedisServer, parts: Parts = PARTS) -> tuple[int, list[int]]:
    """Remove and publish again and again while X and Y ask all workers; give how often X came through, and Y at each worker."""
    async with open_theatre(directory, server, NEAR, parts, workers=WORKERS, pace=0.1) as stage:
        for door in range(WORKERS):
            for name in (X, Y):
                stage.observer.probe((name, NEWCOMER), door, pause=0.0)
        await asyncio.to_thread(_rounds, stage)
        served = [probe.door for probe in stage.observer.probes if probe.key == (Y, NEWCOMER) and probe.status == OK]
        return stage.fountain.reached[X, NEWCOMER], [served.count(door) for door in range(WORKERS)]


def _rounds(stage: Theatre) -> None:
    """Y, who may, is waited for: then the policy is in force on some worker, and others may lag behind."""
    with stage.server.client() as client:
        client.hset(stage.allowlist(NEWCOMER), Y, "{}")
        for _ in range(ROUNDS):
            client.hset(stage.allowlist(NEWCOMER), X, "{}")
            _y_is_refused(stage)
            client.hdel(stage.allowlist(NEWCOMER), X)
            client.hset("gateway:models", NEWCOMER, PREVIEW)
            _y_is_served(stage)
            client.hset("gateway:revocations", X_REVOKED, "{}")
            client.hset(stage.allowlist(NEWCOMER), X, "{}")
            client.hset("gateway:models", NEWCOMER, SUSPENDED)
            client.hdel("gateway:revocations", X_REVOKED)


def _y_is_served(stage: Theatre) -> None:
    before, end = stage.fountain.reached[Y, NEWCOMER], time.monotonic() + PATIENCE
    while stage.fountain.reached[Y, NEWCOMER] == before:
        assert time.monotonic() < end, "Y is not let through"
        time.sleep(0.0005)


def _y_is_refused(stage: Theatre) -> None:
    end = time.monotonic() + PATIENCE
    while stage.observer.last(Y, NEWCOMER) == OK:
        assert time.monotonic() < end, "Y is still let through"
        time.sleep(0.0005)


async def test_who_was_removed_never_reaches_what_was_published_after(tmp_path: Path, redis_server: RedisServer) -> None:
    reached, served = await play(tmp_path, redis_server)
    assert reached == 0
    assert min(served) > 0, "every worker has published it"


async def test_a_build_that_reads_the_policy_in_two_steps_is_caught(tmp_path: Path, redis_server: RedisServer) -> None:
    reached, _ = await play(tmp_path, redis_server, weakened.TORN)
    assert reached > 0
