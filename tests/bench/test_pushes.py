"""What the store is asked for by the bench, on a real server: pushes to all who track, its own counts, many grants at once."""

import contextlib
from pathlib import Path

import redis
from support.servers import RedisServer

from bench.pushes import measure_pushes
from bench.raw import RawStore


def path_of(server: RedisServer) -> Path:
    return Path(server.socket_path)


def test_every_connection_that_tracks_is_waited_for(redis_server: RedisServer) -> None:
    found = measure_pushes(path_of(redis_server), (1, 20), times=3)
    assert [one.connections for one in found] == [1, 20]
    assert all(0 < one.milliseconds < 1000 for one in found)


def test_many_grants_are_filled_in_to_the_last(redis_server: RedisServer) -> None:
    with contextlib.closing(RawStore(path_of(redis_server))) as store:
        store.fill("gateway:allowlist:m", range(10_000))
        store.fill("gateway:allowlist:m", range(10_000, 20_001))
        assert store.command("HLEN", "gateway:allowlist:m") == "20001"
    with contextlib.closing(redis.Redis(unix_socket_path=str(redis_server.socket_path))) as client:
        assert client.hget("gateway:allowlist:m", "org_many_20000") == b"{}"


def test_the_servers_own_counts_are_read(redis_server: RedisServer) -> None:
    with contextlib.closing(RawStore(path_of(redis_server))) as store:
        store.command("SET", "x", "1")
        assert "usec=" in store.told("commandstats")["cmdstat_set"]
        before = int(store.told("stats")["total_net_output_bytes"])
        store.command("SET", "x", "2")
        assert int(store.told("stats")["total_net_output_bytes"]) > before
