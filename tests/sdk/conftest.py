"""A running gate with one partner on the list of its gated model."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.certificates import Authority
from support.running import RunningGate, running_gate
from support.sdk import VOICES, Voice
from support.servers import redis_server, store_server

__all__ = ["redis_server", "store_server"]


@pytest.fixture(scope="session", autouse=True)
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every SDK client reads the machine's list of authorities, 40 ms of it; here all talk in clear on loopback, and read one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(Authority(tmp_path_factory.mktemp("authority"), "nobody").file))
        yield


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[RunningGate]:
    """A gate with an embedded store; org_acme is a partner."""
    async with running_gate(tmp_path) as running:
        await running.admit("org_acme")
        yield running


@pytest.fixture(params=VOICES, ids=[voice.name for voice in VOICES])
def voice(request: pytest.FixtureRequest) -> Voice:
    """Every way to stream in turn."""
    found: Voice = request.param
    return found
