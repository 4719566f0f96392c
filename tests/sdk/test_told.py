"""What goes wrong with the store is told in the log, once, by name."""

import asyncio
import logging
from pathlib import Path

import pytest
from support.running import running_gate, store_section
from support.servers import RedisServer
from support.wire_ends import eventually


async def test_trouble_with_the_store_is_logged(tmp_path: Path, store_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gateway")

    def told(name: str) -> int:
        return sum(record.getMessage() == name for record in caplog.records)

    async with running_gate(tmp_path, store=store_section(tmp_path, store_server, timeout=0.4)) as gate:
        assert told("policy_uninitialised") == 1
        await gate.admit("org_acme")
        await eventually(lambda: told("policy_initialised") == 1, "the first entry is told")
        gate.raw.hset("gateway:allowlist:frontier-1", "org_odd", "{nonsense")
        await eventually(lambda: told("policy_entry_invalid") == 1, "the odd entry is told")
        await asyncio.to_thread(store_server.stop)
        await eventually(lambda: told("store_lost") == 1, "the loss is told")
        await asyncio.to_thread(store_server.start)
        await eventually(lambda: told("store_back") == 1, "the return is told")
        gate.raw.flushall()
        await eventually(lambda: told("policy_uninitialised") == 2, "the wipe is told")
    assert told("store_lost") == 1
