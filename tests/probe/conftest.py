import pytest
from collections.abc import AsyncIterator

from gateway.probe.recorder import Recorder
from support.naive import ALLOWED, FORBIDDEN


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    upstream = Recorder((ALLOWED, FORBIDDEN))
    await upstream.start()
    yield upstream
    await upstream.stop()
