"""Crowds at a gate that runs: what each member costs is bounded, and who asks honestly beside them is answered every time."""

from pathlib import Path

import pytest
from hardness.crowds import CROWDS
from hardness.figures import ASKED, measured
from support.servers import RedisServer, redis_server
from support.serving import serving

__all__ = ["redis_server"]

KIBIBYTE = 1024
FEW = {"idle": 400, "slow heads": 200, "slow bodies": 200, "bodies in chunks of two bytes": 8}
MANY = 40
MOST = {
    "bodies in chunks of two bytes": 2048 * KIBIBYTE,  # half a megabyte each, and what the allocator keeps
    "streams that nobody reads": 448 * KIBIBYTE,  # `limits.buffer`, and what one read of the upstream may bring beyond it
}
USUAL = 256 * KIBIBYTE


@pytest.mark.slow
@pytest.mark.parametrize("name", CROWDS)
async def test_a_crowd_costs_little_and_harms_nobody(tmp_path: Path, redis_server: RedisServer, name: str) -> None:
    redis_server.cli("SET", "gateway:revision", 1)
    async with serving(tmp_path, redis_server, workers=1) as gate:
        figures = await measured(gate, name, FEW.get(name, MANY), settle=1.0)
        assert figures.answered == ASKED
        assert figures.per_member < MOST.get(name, USUAL), figures
        await measured(gate, "idle", 10, settle=0.0)
