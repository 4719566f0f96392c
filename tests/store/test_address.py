from pathlib import Path

import pytest
from support.servers import RedisServer

from gateway.errors import SettingsError, StoreUnavailableError
from gateway.settings.shape import Store
from gateway.store.address import StoreAddress, connect, parse_address, read_address, resolve, tls_context


def test_redis() -> None:
    assert parse_address("redis://cache") == StoreAddress(kind="tcp", endpoints=(("cache", 6379),))
    assert parse_address("redis://gate:p%40ss@cache:7000/3") == StoreAddress(
        kind="tcp", endpoints=(("cache", 7000),), database=3, username="gate", password="p@ss"
    )
    assert parse_address("redis://[::1]:7000").endpoints == (("::1", 7000),)


def test_rediss() -> None:
    address = parse_address("rediss://cache?ssl_ca_certs=/ca.pem&ssl_certfile=/c.pem&ssl_keyfile=/k.pem")
    assert (address.tls, address.ca_file, address.certificate, address.key) == (True, "/ca.pem", "/c.pem", "/k.pem")
    context = tls_context(parse_address("rediss://cache"))
    assert context is not None
    assert context.check_hostname


def test_unix() -> None:
    assert parse_address("unix:///run/my%20store.sock?db=2") == StoreAddress(kind="unix", path="/run/my store.sock", database=2)


def test_sentinel_and_cluster_are_read_and_refused_for_now() -> None:
    sentinel = parse_address("redis+sentinel://h1,h2:26380/main")
    assert (sentinel.endpoints, sentinel.service) == ((("h1", 26379), ("h2", 26380)), "main")
    cluster = parse_address("redis+cluster://h1:7000,h2:7001")
    assert cluster.endpoints == (("h1", 7000), ("h2", 7001))
    for address in (sentinel, cluster):
        with pytest.raises(StoreUnavailableError, match="not supported yet: give the address of the master"):
            connect(address)


def test_embedded_needs_a_running_server(tmp_path: Path) -> None:
    address = parse_address("embedded", data_dir=str(tmp_path))
    assert address == StoreAddress(kind="embedded", path=str(tmp_path))
    with pytest.raises(StoreUnavailableError, match="not running: start `gateway serve`"):
        resolve(address)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "scheme is not known"),
        ("cache:6379", "scheme is not known"),
        ("http://cache", "scheme is not known"),
        ("redis://", "host is missing"),
        ("redis://cache:99999", "port"),
        ("redis://cache:port", "port"),
        ("redis://a,b", "one host only"),
        ("redis://cache/main", "database is a number"),
        ("redis://cache?timeout=5", "'timeout' is not known"),
        ("redis://cache?ssl_ca_certs=/x", "'ssl_ca_certs' is not known"),
        ("unix://run/s", "absolute path"),
        ("unix:///run/s?x=1", "absolute path"),
        ("redis+sentinel://h1:26379", "name of the master"),
    ],
)
def test_a_bad_address_is_told_the_right_forms(url: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as refused:
        parse_address(url)
    assert "redis://HOST:6379/0" in str(refused.value)


def test_a_password_is_never_shown() -> None:
    address = parse_address("redis://gate:hunter2@cache:7000/3")
    assert "hunter2" not in repr(address) + str(address)
    with pytest.raises(SettingsError) as refused:
        parse_address("redis://gate:hunter2@cache:port")
    assert "hunter2" not in str(refused.value)


def test_the_password_comes_from_the_environment() -> None:
    settings = Store(url="redis://cache", password_env="STORE_PASSWORD")
    assert read_address(settings, {"STORE_PASSWORD": "s3"}).password == "s3"
    with pytest.raises(SettingsError, match="STORE_PASSWORD is not set"):
        read_address(settings, {})


async def test_a_client_speaks_to_the_server(store_server: RedisServer) -> None:
    for url in (store_server.url, store_server.unix_url):
        async with connect(parse_address(url)) as client:
            assert await client.incr("n") > 0
    assert store_server.cli("GET", "n") == b"2"
