"""rediss://, with the server's certificate checked, and ours where the server asks for it."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.certificates import Certificate, issue
from support.clusters import StoreCluster
from support.sentinels import SentinelGroup
from support.servers import RedisServer
from support.witness import Witness, eventually

from gateway.errors import StoreUnavailableError
from gateway.settings.shape import Store
from gateway.store.address import StoreAddress, parse_address, tls_context
from gateway.store.client import connect
from gateway.store.keys import Keys
from gateway.store.link import open_link
from gateway.store.writer import PolicyWriter


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return issue(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secured(files: Certificate) -> Iterator[RedisServer]:
    """A server that speaks TLS alone, to those who show a certificate."""
    server = RedisServer(tls=files).start()
    yield server
    server.close()


def with_files(url: str, files: Certificate) -> str:
    return f"{url}?ssl_ca_certs={files.authority}&ssl_certfile={files.certificate}&ssl_keyfile={files.key}"


async def test_both_sides_show_a_certificate(secured: RedisServer, files: Certificate) -> None:
    address = parse_address(with_files(secured.url, files))
    with contextlib.closing(await open_link(address, 2.0)) as link:
        assert await link.call("PING") == b"PONG"
    async with connect(address) as client:
        assert await client.incr("n") == 1


async def test_an_unknown_authority_is_refused(secured: RedisServer) -> None:
    with pytest.raises(StoreUnavailableError, match="certificate verify failed"):
        await open_link(parse_address(secured.url), 2.0)
    async with connect(parse_address(secured.url)) as client:
        with pytest.raises(Exception, match="certificate verify failed"):
            await client.ping()


async def test_the_named_authority_alone_is_believed(
    secured: RedisServer, files: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authority of the system that has the same name, or that did sign, changes nothing."""
    stranger = issue(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(stranger.authority))
    async with connect(parse_address(with_files(secured.url, files))) as client:
        assert await client.ping()
    monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))
    async with connect(parse_address(f"{secured.url}?ssl_ca_certs={stranger.authority}")) as client:
        with pytest.raises(Exception, match="certificate verify failed"):
            await client.ping()


async def test_a_name_that_the_certificate_does_not_carry_is_refused(secured: RedisServer, files: Certificate) -> None:
    with pytest.raises(StoreUnavailableError, match=r"Hostname mismatch|not valid for 'localhost'"):
        await open_link(parse_address(with_files(secured.url.replace("127.0.0.1", "localhost"), files)), 2.0)


async def test_without_the_certificate_that_the_server_asks_for_it_says_so(secured: RedisServer, files: Certificate) -> None:
    with pytest.raises(StoreUnavailableError, match=r"(?i)certificate.required|closed|reset"):
        await open_link(parse_address(f"{secured.url}?ssl_ca_certs={files.authority}"), 2.0)


async def test_plain_text_to_a_tls_port_is_refused(secured: RedisServer) -> None:
    with pytest.raises(StoreUnavailableError):
        await open_link(parse_address(secured.url.replace("rediss", "redis")), 0.5)


async def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(StoreUnavailableError, match=r"No such file .*ssl_ca_certs=/nowhere/ca\.pem"):
        await open_link(parse_address("rediss://127.0.0.1:1?ssl_ca_certs=/nowhere/ca.pem"), 0.5)


def test_a_replaced_file_is_read_again(tmp_path: Path) -> None:
    address = parse_address(with_files("rediss://127.0.0.1", issue(tmp_path)))
    before = tls_context(address)
    assert tls_context(address) is before, "reading the authorities takes milliseconds, and connections may be many"
    issue(tmp_path)
    os.utime(address.certificate, ns=(1, 1))
    assert tls_context(address) is not before


async def follows(address: StoreAddress, witness: Witness) -> None:
    """A change by the writer reaches the watch."""
    async with connect(address) as client:
        writer = PolicyWriter(client, Keys(address.prefix))
        await writer.put_grant("luna", "org_acme", "{}", "test")
        await witness.sees(lambda _: witness.admits("org_acme"), "grant")
        await writer.remove_grant("luna", "org_acme", "test")
        await witness.sees(lambda _: not witness.admits("org_acme"), "removal")


async def test_sentinels_and_their_servers_over_tls(files: Certificate) -> None:
    with SentinelGroup(tls=files) as group:
        address = parse_address(with_files(group.url, files))
        witness = Witness(address, Store(canary_every=0.05, timeout=1.0))
        await witness.watch.start()
        await follows(address, witness)
        await asyncio.to_thread(group.fail_over)
        await eventually(lambda: witness.watch.up, "new master")
        await follows(address, witness)
        await witness.watch.stop()


async def test_a_cluster_over_tls(files: Certificate) -> None:
    with StoreCluster(tls=files) as cluster:
        address = parse_address(with_files(cluster.url, files))
        witness = Witness(address, Store(canary_every=0.05, timeout=1.0))
        await witness.watch.start()
        await follows(address, witness)
        await asyncio.to_thread(cluster.fail_over)
        await follows(address, witness)
        await witness.watch.stop()
