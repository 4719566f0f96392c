import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from support.servers import eventually
from support.witness import eventually as seen

from gateway.errors import StoreUnavailableError
from gateway.store import embedded
from gateway.store.address import parse_address
from gateway.store.client import connect
from gateway.store.embedded import EmbeddedStore, find_server

OWNER = """
import asyncio, sys
from gateway.store.embedded import EmbeddedStore
async def main():
    store = EmbeddedStore(sys.argv[1])
    await store.start()
    print("started", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_it_is_private_and_keeps_its_data(tmp_path: Path) -> None:
    for expected in (1, 2):
        async with EmbeddedStore(tmp_path) as store:
            assert store.owned
            async with connect(parse_address("embedded", data_dir=str(tmp_path))) as client:
                assert await client.incr("n") == expected
                assert (await client.config_get("port"))["port"] == "0"
                assert (await client.config_get("appendonly"))["appendonly"] == "yes"
            socket = Path(store.address.path)
            assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert not os.path.exists(socket)  # noqa: PTH110, ASYNC240 (a glance at a local file)


async def test_a_second_one_shares_the_first_and_takes_over_when_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOOK_EVERY", 0.02)
    async with EmbeddedStore(tmp_path) as first, EmbeddedStore(tmp_path) as second:
        assert (first.owned, second.owned) == (True, False)
        async with connect(second.address) as client:
            await client.set("kept", "1")
        await first.stop()
        await seen(lambda: second.owned, "take-over")
        while not await embedded._answers(second.address):  # noqa: ASYNC110, SLF001 (another process, which reads its data first)
            await asyncio.sleep(0.01)
        async with connect(second.address) as client:
            assert await client.get("kept") == b"1"


async def test_many_at_once_start_one(tmp_path: Path) -> None:
    stores = [EmbeddedStore(tmp_path) for _ in range(4)]
    await asyncio.gather(*(store.start() for store in stores))
    assert sum(store.owned for store in stores) == 1
    for store in stores:
        await store.stop()


async def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    async with EmbeddedStore(deep), connect(parse_address("embedded", data_dir=str(deep))) as client:
        assert await client.incr("n") == 1


def test_it_ends_with_its_owner_even_if_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"started\n"
        path = EmbeddedStore(tmp_path).address.path
        with redis.Redis(unix_socket_path=path) as client:
            process = int(client.info("server")["process_id"])
        owner.kill()
    eventually(lambda: not Path(f"/proc/{process}").exists() and not _alive(process), "end of the server")


async def test_a_server_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    (tmp_path / "store" / "appendonlydir").mkdir(parents=True)
    (tmp_path / "store" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(StoreUnavailableError, match=r"ended at once .*valkey\.log"):
        await store.start()


def test_a_server_is_found() -> None:
    assert os.access(find_server(), os.X_OK)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
