from pathlib import Path

import pytest

from gateway.errors import SettingsError, StoreUnavailableError
from gateway.settings.shape import Store
from gateway.store.address import StoreAddress, parse_address, read_address, resolve, tls_context


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


def test_sentinel() -> None:
    address = parse_address("redis+sentinel://gate:p%2Cw@h1,h2:26380/main?db=3&sentinel_username=s&sentinel_password=x")
    assert (address.endpoints, address.service, address.database) == ((("h1", 26379), ("h2", 26380)), "main", 3)
    master, sentinel = address.at(("m", 6379)), address.sentinel(("h1", 26379))
    assert (master.kind, master.endpoints, master.username, master.password, master.database) == ("tcp", (("m", 6379),), "gate", "p,w", 3)
    assert (sentinel.kind, sentinel.endpoints, sentinel.username, sentinel.password, sentinel.database) == (
        "tcp",
        (("h1", 26379),),
        "s",
        "x",
        0,
    )


def test_the_sentinels_password_comes_from_the_environment() -> None:
    url = "redis+sentinel://h1/main?sentinel_password_env=SENTINEL_PASSWORD"
    assert read_address(Store(url=url), {"SENTINEL_PASSWORD": "s3"}).sentinel_password == "s3"
    with pytest.raises(SettingsError, match="SENTINEL_PASSWORD is not set"):
        read_address(Store(url=url), {})


def test_without_a_word_the_sentinels_are_given_no_password() -> None:
    assert parse_address("redis+sentinel://gate:pw@h1/main").sentinel(("h1", 1)).password == ""


def test_cluster() -> None:
    address = parse_address("rediss+cluster://gate@h1:7000,h2:7001?ssl_ca_certs=/ca.pem", password="pw")
    assert address.endpoints == (("h1", 7000), ("h2", 7001))
    assert (address.tls, address.ca_file, address.username, address.password) == (True, "/ca.pem", "gate", "pw")


def test_in_a_cluster_the_keys_get_a_hash_tag() -> None:
    assert parse_address("redis://h1").prefix == "gateway:"
    assert parse_address("redis+cluster://h1").prefix == "{gateway}:"
    assert parse_address("redis+cluster://h1", prefix="prod.{gate}:").prefix == "prod.{gate}:"
    with pytest.raises(SettingsError, match=r"store\.prefix: .* Write: \{prod\}:"):
        read_address(Store(url="redis+cluster://h1", prefix="prod:"), {})


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
        ("redis+sentinel://h1:26379/main?db=x", "database is a number"),
        ("redis+sentinel://h1:26379/main?ssl_ca_certs=/x", "'ssl_ca_certs' is not known"),
        ("redis+cluster://h1:7000/1", "database 0 only"),
        ("redis+cluster://h1:7000?db=1", "'db' is not known"),
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
