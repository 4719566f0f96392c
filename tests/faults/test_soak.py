"""Streams come and go while the policy changes at random: no violation, and what the gate holds stays what it was."""

import random
from pathlib import Path

import pytest
from support.servers import RedisServer
from support.soak import soaking

SECONDS = 8.0  # `make soak` goes on for minutes
MEBIBYTE = 1 << 20


@pytest.mark.slow
async def test_a_soak_finds_no_violation_and_no_leak(tmp_path: Path, redis_server: RedisServer) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    async with soaking(tmp_path, redis_server, seed=seed) as soak:
        figures = await soak.run(SECONDS)
    said = f"seed {seed}"
    assert [str(violation) for violation in figures.violations] == [], said
    assert figures.cut > 20, f"{said}: hardly anybody was cut"
    assert figures.streams - figures.cut > 50, f"{said}: hardly anybody was left in peace"
    assert figures.growth < 4 * MEBIBYTE, said
    assert figures.descriptors[1] <= figures.descriptors[0], said
