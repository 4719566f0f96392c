from collections.abc import AsyncIterator

import pytest
from support.naive import ALLOWED, FORBIDDEN

from gateway.probe.recorder import Recorder


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    upstream = Recorder((ALLOWED, FORBIDDEN))
    await upstream.start()
    yield upstream
    await upstream.stop()
