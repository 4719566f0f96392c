"""An embedded store that does not answer for a while is still the only one on its data."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from gateway.store import embedded
from gateway.store.embedded import EmbeddedStore


async def test_a_server_that_is_slow_to_answer_is_not_joined_by_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOOK_EVERY", 0.02)
    async with EmbeddedStore(tmp_path) as first, EmbeddedStore(tmp_path) as second:
        server = first._server  # noqa: SLF001 (the process to hold up)
        assert server is not None
        os.kill(server.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(1.5)  # `second` looks and gets no answer within its second
            assert not await second._ensure()  # noqa: SLF001 (says whether there is a server to use)
            assert not second.owned
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert await second._ensure()  # noqa: SLF001
        assert (first.owned, second.owned) == (True, False)
