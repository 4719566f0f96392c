"""A worker that is stopped while its partner is removed: when it goes on, nothing that came meanwhile leaves it."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import aiohttp
import pytest
from support.running import GATED, store_section
from support.servers import RedisServer
from support.serving import ServedGate, serving

pytestmark = pytest.mark.slow
STREAMS = 10


class Listener:
    """One stream. `text` is what has come of it."""

    def __init__(self) -> None:
        self.text = b""

    async def listen(self, served: ServedGate) -> None:
        """Read to the end, whatever that is."""
        body = {"model": GATED, "messages": [], "stream": True, "max_tokens": 1_000_000}
        headers = {"authorization": f"Bearer {served.mint()}"}
        with contextlib.suppress(aiohttp.ClientError):
            async with served.session.post(f"{served.url}/v1/chat/completions", json=body, headers=headers) as response:
                async for part in response.content.iter_any():
                    self.text += part


@pytest.mark.parametrize("max_staleness", [60.0, 1.0], ids=["fresh", "stale"])
async def test_nothing_leaves_a_worker_that_was_stopped_but_the_reason(
    tmp_path: Path, redis_server: RedisServer, max_staleness: float
) -> None:
    redis_server.cli("HSET", f"gateway:allowlist:{GATED}", "org_acme", "{}")
    store = store_section(tmp_path, redis_server, max_staleness=max_staleness)
    async with serving(tmp_path, store, workers=1, pace=0.002) as served:
        listeners = [Listener() for _ in range(STREAMS)]
        tasks = [asyncio.create_task(listener.listen(served)) for listener in listeners]
        while not all(listener.text.count(b"data: ") > 20 for listener in listeners):  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(0.01)
        os.kill(served.process.pid, signal.SIGSTOP)
        await asyncio.sleep(0.2)  # what the kernel has is on its way
        before = [len(listener.text) for listener in listeners]
        redis_server.cli("HDEL", f"gateway:allowlist:{GATED}", "org_acme")
        await asyncio.sleep(1.5)  # the upstream goes on
        os.kill(served.process.pid, signal.SIGCONT)
        await asyncio.wait_for(asyncio.gather(*tasks), 10)
        for listener, seen in zip(listeners, before, strict=True):
            last = listener.text[seen:]
            assert last.count(b"data: ") == 1
            assert b"org_not_approved" in last or b"policy_stale" in last
        assert await served.metric("gateway_standstills_total") == 1
