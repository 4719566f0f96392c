"""Proxies that say first whom they speak for: versions 1 and 2, from trusted peers alone, byte by byte, before TLS, and a real HAProxy."""

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from support.certificates import issue
from support.house import Stage, open_stage
from support.wire_ends import OK, RawCaller, ScriptedUpstream, answering, scripted
from support.witness import eventually

from gateway.api.tls import ServerTls
from gateway.location.locator import Locator
from gateway.proxy.preface import PrefacedListener
from gateway.settings.shape import Limits, ProxyListener, Tls
from gateway.wire.proxy_protocol import SIGNATURE

CLIENT = "198.51.100.7"


def v1(address: str = CLIENT) -> bytes:
    return f"PROXY TCP4 {address} 192.0.2.1 5000 443\r\n".encode()


def v2(address: str = CLIENT) -> bytes:
    return SIGNATURE + b"\x21\x11\x00\x0c" + ip_address(address).packed + ip_address("192.0.2.1").packed + b"\x13\x88\x01\xbb"


@asynccontextmanager
async def prefaced(
    upstream: ScriptedUpstream,
    version: str = "any",
    trusted: str = "127.0.0.0/8",
    context: ssl.SSLContext | None = None,
    header_timeout: float = 10.0,
) -> AsyncIterator[tuple[Stage, int]]:
    """Open a gate whose callers come through a proxy."""
    async with open_stage([upstream.url], limits=Limits(header_timeout=header_timeout)) as stage:
        listening = socket.create_server(("127.0.0.1", 0))
        door = PrefacedListener(stage.gate, listening, (ip_network(trusted),), version, context)
        door.start()
        try:
            yield stage, listening.getsockname()[1]
        finally:
            door.close()


@asynccontextmanager
async def calling(port: int, context: ssl.SSLContext | None = None) -> AsyncIterator[RawCaller]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        yield RawCaller(reader, writer)
    finally:
        writer.close()


def turned_away(stage: Stage, reason: str) -> Callable[[], bool]:
    return lambda: stage.metrics.refused_connections.labels(reason).value == 1


@pytest.mark.parametrize("version", ["any", "exactly"])
@pytest.mark.parametrize("preface", [v1(), v2()], ids=["v1", "v2"])
async def test_the_client_is_whom_the_proxy_names(preface: bytes, version: str) -> None:
    wanted = version if version == "any" else "v2" if preface.startswith(SIGNATURE) else "v1"
    async with scripted(answering(OK)) as upstream, prefaced(upstream, wanted) as (_, port), calling(port) as caller:
        caller.send(preface)
        for _ in range(2):
            caller.post()
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 200 ")
        assert all(b"\r\nx-forwarded-for: 198.51.100.7\r\n" in request for request in upstream.requests)


@pytest.mark.parametrize("preface", [v1(), v2(), b"PROXY UNKNOWN\r\n"], ids=["v1", "v2", "unknown"])
async def test_a_header_that_comes_byte_by_byte(preface: bytes) -> None:
    async with scripted(answering(OK)) as upstream, prefaced(upstream) as (_, port), calling(port) as caller:
        for place in range(len(preface)):
            caller.send(preface[place : place + 1])
            await asyncio.sleep(0)
        caller.post()
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("preface", [b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x20\x00\x00\x00"], ids=["unknown", "local"])
async def test_whom_the_proxy_does_not_name_is_nobody_whatever_its_headers_say(preface: bytes) -> None:
    believing = ProxyListener(trusted_proxies=("127.0.0.0/8",), client_address_header="x-forwarded-for", country_header="cf-ipcountry")
    async with scripted(answering(OK)) as upstream, prefaced(upstream) as (stage, port), calling(port) as caller:
        stage.gate.locator = Locator(believing)
        caller.send(preface)
        caller.post(extra=b"x-forwarded-for: 198.51.100.7\r\ncf-ipcountry: DE\r\n")
        await caller.answer()
        assert b"\r\nx-forwarded-for: unknown\r\n" in upstream.requests[0]
        assert all(b'"DE"' not in line for line in stage.notebook.lines), "nor is it there"


@pytest.mark.parametrize(
    ("version", "sent"),
    [
        pytest.param("any", b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n\r\n", id="no header"),
        pytest.param("v1", v2(), id="the other version"),
        pytest.param("v2", v1(), id="the other version, too"),
        pytest.param("any", b"PROXY TCP4 somewhere 192.0.2.1 1 2\r\n", id="no address"),
        pytest.param("any", b"PROXY TCP4 " + b"1" * 120, id="a line without end"),
        pytest.param("any", SIGNATURE + b"\x21\x11\xff\xff", id="longer than any header"),
    ],
)
async def test_whoever_does_not_begin_with_a_header_is_closed_and_counted(version: str, sent: bytes) -> None:
    async with scripted(answering(OK)) as upstream, prefaced(upstream, version) as (stage, port), calling(port) as caller:
        caller.send(sent)
        assert (await caller.rest())[0] == b""
        await eventually(turned_away(stage, "proxy_header"), "it is counted")
        assert upstream.requests == []


async def test_a_header_that_never_ends_is_not_waited_for() -> None:
    async with scripted(answering(OK)) as upstream, prefaced(upstream, header_timeout=0.05) as (stage, port), calling(port) as caller:
        caller.send(b"PROXY TC")
        assert (await caller.rest())[0] == b""
        await eventually(turned_away(stage, "proxy_header"), "it is counted")


async def test_a_peer_that_is_not_trusted_cannot_speak_for_anybody() -> None:
    async with scripted(answering(OK)) as upstream, prefaced(upstream, trusted="10.0.0.0/8") as (stage, port), calling(port) as caller:
        caller.send(v1())
        assert (await caller.rest())[0] == b""
        await eventually(turned_away(stage, "untrusted_proxy"), "it is counted")


async def test_the_header_stands_before_tls(tmp_path: Path) -> None:
    files = issue(tmp_path)
    context = ServerTls(Tls(certificate=str(files.certificate), key=str(files.key)), "listen.proxy.tls").context
    trusting = ssl.create_default_context(cafile=files.authority)
    async with scripted(answering(OK)) as upstream, prefaced(upstream, context=context) as (_, port):
        loop = asyncio.get_running_loop()
        sock = await loop.run_in_executor(None, socket.create_connection, ("127.0.0.1", port))
        sock.sendall(v2())
        reader, writer = await asyncio.open_connection(sock=sock, ssl=trusting, server_hostname="127.0.0.1")
        caller = RawCaller(reader, writer)
        caller.post()
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nx-forwarded-for: 198.51.100.7\r\nx-forwarded-proto: " in upstream.requests[0]
        writer.close()


HAPROXY = """
defaults
  mode tcp
  timeout connect 2s
  timeout client 5s
  timeout server 5s
listen front
  bind 127.0.0.1:{front}
  server gate 127.0.0.1:{gate} {send}
"""


@pytest.mark.parametrize("send", ["send-proxy", "send-proxy-v2"])
async def test_a_real_haproxy_in_front(tmp_path: Path, send: str) -> None:
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    assert program is not None, "the tests need haproxy"
    with socket.create_server(("127.0.0.1", 0)) as free:
        front = free.getsockname()[1]
    async with scripted(answering(OK)) as upstream, prefaced(upstream) as (_, port):
        settings = tmp_path / "haproxy.cfg"
        settings.write_text(HAPROXY.format(front=front, gate=port, send=send))
        process = await asyncio.create_subprocess_exec(program, "-db", "-f", str(settings), stderr=asyncio.subprocess.DEVNULL)
        try:
            async with asyncio.timeout(10), calling(await listening_on(front)) as caller:
                caller.post()
                head, _ = await caller.answer()
                assert head.startswith(b"HTTP/1.1 200 ")
                assert b"\r\nx-forwarded-for: 127.0.0.1\r\n" in upstream.requests[0]
        finally:
            process.terminate()
            await process.wait()


async def listening_on(port: int) -> int:
    """Wait until somebody accepts on a port."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return port
