"""The fault matrix on real servers: after X is removed no byte and no allow later than the bound, and nobody else is refused for it."""

from pathlib import Path

import pytest
from support.fault_rows import ROWS, Row
from support.servers import RedisServer
from support.theatre import open_theatre

PLAYS = [pytest.param(row, product, id=f"{row.name}-{product}") for row in ROWS for product in row.products]


@pytest.mark.parametrize(("row", "product"), PLAYS)
async def test_revocation_reaches_the_last_byte(tmp_path: Path, row: Row, product: str) -> None:
    server = RedisServer(product).start()
    try:
        async with open_theatre(tmp_path, server, row.scene) as stage:
            await row.play(stage)
            assert [str(violation) for violation in stage.violations()] == []
    finally:
        server.close()
