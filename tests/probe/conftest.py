from collections.abc import AsyncIterator

import pytest
from support.naive import recording

from gateway.probe.recorder import Recorder


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    async with recording() as upstream:
        yield upstream
