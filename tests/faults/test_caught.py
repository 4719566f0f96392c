"""The matrix is worth what it catches: each of these builds is weakened in one place, and some row must find it out."""

from pathlib import Path

import pytest
from support import fault_rows as rows
from support import weakened
from support.checker import Fault
from support.fault_rows import ROWS, Play
from support.servers import RedisServer
from support.theatre import open_theatre

from gateway.app import Parts

SCENES = {row.play: row.scene for row in ROWS}


@pytest.mark.parametrize(
    ("build", "play", "faults"),
    [
        pytest.param(weakened.DEAF, rows.removed, {Fault.LATE_BYTE, Fault.LATE_ALLOW}, id="tracking off"),
        pytest.param(weakened.TRUSTING, rows.swapdb, {Fault.LATE_BYTE}, id="no canary and no reading again"),
        pytest.param(weakened.AGELESS, rows.black_hole, {Fault.LATE_BYTE}, id="a policy that never grows old"),
        pytest.param(weakened.FORGETFUL, rows.removed, {Fault.LATE_ALLOW}, id="decisions remembered for a while"),
        pytest.param(weakened.SWEEPLESS, rows.removed, {Fault.LATE_BYTE}, id="no sweep when the policy changes"),
        pytest.param(weakened.TIMELESS, rows.clock_steps_past_the_end_of_a_grant, {Fault.LATE_BYTE}, id="no sweep when time has come"),
        pytest.param(weakened.TIMELESS, rows.server_frozen, {Fault.LATE_BYTE}, id="no sweep when the policy is stale"),
        pytest.param(weakened.UNCHECKED, rows.removed_while_it_waits_for_its_upstream, {Fault.LATE_BYTE}, id="no look after an await"),
    ],
)
async def test_a_weakened_build_is_caught(tmp_path: Path, redis_server: RedisServer, build: Parts, play: Play, faults: set[Fault]) -> None:
    async with open_theatre(tmp_path, redis_server, SCENES[play], build) as stage:
        await play(stage)
        assert faults <= stage.faults()
