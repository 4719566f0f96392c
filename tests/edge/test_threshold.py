"""Over the threshold: who may say for whom it speaks, what it must say, and what becomes of everybody else."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from support.certificates import Authority, Certificate
from support.house import Stage, open_stage, policy
from support.introduced import caller_from, client_tls, threshold, unserved
from support.sockets import SocketCaller, echo, speaking, text
from support.wire_ends import OK, SSE_HEAD, RawCaller, ScriptedUpstream, answering, chunk, eventually, scripted

from gateway.api.tls import ServerTls
from gateway.location.locator import Locator
from gateway.policy.access import Location
from gateway.policy.snapshot import Grant
from gateway.settings.shape import Limits, ProxyListener, Tls
from gateway.wire.proxy_protocol import SIGNATURE

V1 = b"PROXY TCP4 198.51.100.7 203.0.113.1 40000 443\r\n"
V2 = SIGNATURE + b"\x21\x11" + struct.pack("!H4s4sHH", 12, bytes((198, 51, 100, 7)), bytes((203, 0, 113, 1)), 40000, 443)
LOCAL = SIGNATURE + b"\x20\x00\x00\x00"
UNKNOWN = b"PROXY UNKNOWN\r\n"
BODY = b'{"model":"frontier"}'
ASKING = b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\ncontent-length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with scripted(answering(OK)) as playing:
        yield playing


@pytest.fixture
async def stage(upstream: ScriptedUpstream) -> AsyncIterator[Stage]:
    async with open_stage([upstream.url], limits=Limits(header_timeout=0.5)) as opened:
        yield opened


def client_of(request: bytes) -> bytes:
    """Who the upstream was told the client is."""
    return next(line for line in request.split(b"\r\n") if line.startswith(b"x-forwarded-for: ")).removeprefix(b"x-forwarded-for: ")


def server_tls(files: Certificate, clients: str = "none") -> ssl.SSLContext:
    authority = str(files.authority) if clients != "none" else ""
    settings = Tls(certificate=str(files.certificate), key=str(files.key), client_ca=authority, client_certificates=clients)  # type: ignore[arg-type]
    return ServerTls(settings, "listen.proxy.tls").context


@pytest.mark.parametrize("preface", [V1, V2], ids=["v1", "v2"])
@pytest.mark.parametrize("piece", [1, 11, 13, 4096])
async def test_the_client_is_who_the_proxy_says_it_is(stage: Stage, upstream: ScriptedUpstream, preface: bytes, piece: int) -> None:
    async with threshold(stage, "any") as port, caller_from(port) as caller:
        for start in range(0, len(preface), piece):
            caller.send(preface[start : start + piece])
            await caller.writer.drain()
            await asyncio.sleep(0)
        caller.post()
        head, _ = await caller.answer()
        caller.post()
        await caller.answer()
    assert head.startswith(b"HTTP/1.1 200 ")
    assert [client_of(request) for request in upstream.requests] == [b"198.51.100.7"] * 2


@pytest.mark.parametrize("version", ["v1", "v2", "any"])
@pytest.mark.parametrize(
    "said",
    [b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\n\r\n", b"PROXY TCP4 1.2.3.4\r\n", SIGNATURE + b"\x21\xff\0\0", b"\x16\x03\x01"],
)
async def test_whoever_says_no_header_is_closed_and_counted(stage: Stage, upstream: ScriptedUpstream, version: str, said: bytes) -> None:
    async with threshold(stage, version) as port, caller_from(port) as caller:
        caller.send(said)
        caller.writer.write_eof()
        assert (await caller.rest())[0] == b""
    assert unserved(stage, "proxy_header") == 1
    assert upstream.requests == []


@pytest.mark.parametrize(("version", "other"), [("v1", V2), ("v2", V1)])
async def test_a_header_of_another_version_is_none(stage: Stage, version: str, other: bytes) -> None:
    async with threshold(stage, version) as port, caller_from(port) as caller:
        caller.send(other)
        assert (await caller.rest())[0] == b""
    assert unserved(stage, "proxy_header") == 1


async def test_a_header_from_anybody_but_a_trusted_proxy_is_an_attack(stage: Stage, upstream: ScriptedUpstream) -> None:
    async with threshold(stage, "any", trusted=("127.0.0.9/32",)) as port, caller_from(port) as caller:
        caller.send(V1)
        assert (await caller.rest())[0] == b""
        assert unserved(stage, "untrusted_proxy") == 1
        async with caller_from(port, "127.0.0.9") as proxy:
            proxy.send(V1)
            proxy.post()
            head, _ = await proxy.answer()
    assert head.startswith(b"HTTP/1.1 200 ")
    assert len(upstream.requests) == 1


async def test_a_header_that_does_not_come_is_not_waited_for(stage: Stage) -> None:
    async with threshold(stage, "any") as port, caller_from(port) as caller:
        caller.send(V1[:20])
        assert (await caller.rest())[0] == b""
    assert unserved(stage, "proxy_header") == 1


async def test_a_health_check_that_says_nothing_is_no_refusal(stage: Stage) -> None:
    async with threshold(stage, "any") as port:
        async with caller_from(port) as check:
            check.writer.write_eof()
            assert (await check.rest())[0] == b""
        async with caller_from(port) as proxy:
            proxy.send(V1)
            proxy.post()
            await proxy.answer()
    assert unserved(stage, "proxy_header") == unserved(stage, "tls") == 0


# -- whose headers are believed ----------------------------------------------------------------------------------------


CLAIMS = b"x-forwarded-for: 192.0.2.66\r\ncf-ipcountry: DE\r\n"
LISTENER = ProxyListener(
    trusted_proxies=("127.0.0.1/32", "198.51.100.0/24"), client_address_header="x-forwarded-for", country_header="cf-ipcountry"
)


class Watched(Locator):
    """A real one whose answers are noted."""

    def __init__(self, listener: ProxyListener) -> None:
        super().__init__(listener)
        self.seen: list[tuple[str, Location]] = []

    def locate(self, peer: str, headers: Sequence[tuple[bytes, bytes]]) -> tuple[str, Location]:
        self.seen.append(super().locate(peer, headers))
        return self.seen[-1]


@pytest.mark.parametrize(
    ("preface", "address", "country"),
    [
        pytest.param(b"PROXY TCP4 203.0.113.5 203.0.113.1 40000 443\r\n", "203.0.113.5", None, id="a client that claims to be another"),
        pytest.param(V1, "192.0.2.66", "DE", id="a trusted network before the proxy, such as a CDN"),
        pytest.param(LOCAL, "192.0.2.66", "DE", id="the proxy itself"),
        pytest.param(UNKNOWN, "unknown", None, id="a client whom the proxy does not know"),
    ],
)
async def test_headers_count_only_from_whom_the_preface_names_as_trusted(
    stage: Stage, upstream: ScriptedUpstream, preface: bytes, address: str, country: str | None
) -> None:
    locator = stage.gate.locator = Watched(LISTENER)
    async with threshold(stage, "any") as port, caller_from(port) as caller:
        caller.send(preface)
        caller.post(extra=CLAIMS)
        await caller.answer()
    assert [client_of(request) for request in upstream.requests] == [address.encode()]
    assert [(told, location.country) for told, location in locator.seen] == [(address, country)]


# -- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preface", [b"", V1, V2], ids=["none", "v1", "v2"])
async def test_the_header_comes_before_the_handshake_even_in_one_segment(
    stage: Stage, upstream: ScriptedUpstream, tmp_path: Path, preface: bytes
) -> None:
    files = Authority(tmp_path).server()

    def ask(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)  # what follows leaves together
            plain.sendall(preface)
            with client_tls(files).wrap_socket(plain, server_hostname="127.0.0.1", do_handshake_on_connect=False) as secured:
                secured.setblocking(False)  # noqa: FBT003 - the socket's own signature
                with pytest.raises(ssl.SSLWantReadError):
                    secured.do_handshake()
                secured.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
                secured.settimeout(5)
                secured.do_handshake()
                secured.sendall(ASKING)
                return secured.recv(4096)

    async with threshold(stage, "any" if preface else "off", tls=server_tls(files)) as port:
        answer = await asyncio.to_thread(ask, port)
        assert answer.startswith(b"HTTP/1.1 200 ")
    assert [client_of(request) for request in upstream.requests] == [b"198.51.100.7" if preface else b"127.0.0.1"]


async def test_who_does_not_speak_tls_is_counted(stage: Stage, tmp_path: Path) -> None:
    files = Authority(tmp_path).server()
    async with threshold(stage, tls=server_tls(files)) as port:
        async with caller_from(port) as caller:
            caller.post()
            await caller.rest()
            await eventually(lambda: unserved(stage, "tls") == 1, "the one who spoke plain HTTP is counted")
        async with caller_from(port) as silent:
            await silent.rest()
            await eventually(lambda: unserved(stage, "tls") == 2, "the one who did not shake hands in time is counted")


async def ask_over(port: int, tls: ssl.SSLContext) -> bytes:
    """Ask; give the answer's head, nothing where the handshake or the connection fails (in TLS 1.3 the client learns of it later)."""
    with contextlib.suppress(ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
        async with caller_from(port, tls=tls) as caller:
            caller.post()
            return await caller.head()
    return b""


async def test_clients_without_the_right_certificate_do_not_get_in(stage: Stage, upstream: ScriptedUpstream, tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    files = authority.server()
    wrong = (
        None,
        stranger.client("foreign"),
        authority.client("expired", expired=True),
        authority.client("as-server", usage=ExtendedKeyUsageOID.SERVER_AUTH),
    )
    async with threshold(stage, tls=server_tls(files, "required")) as port:
        for number, own in enumerate(wrong, 1):
            assert await ask_over(port, client_tls(files, own)) == b""
            await eventually(lambda number=number: unserved(stage, "client_certificate") == number, f"{own} was turned away")  # type: ignore[misc]
        assert upstream.requests == []
        head = await ask_over(port, client_tls(files, authority.client("partner")))
    assert head.startswith(b"HTTP/1.1 200 ")


async def test_there_are_only_so_many_on_the_threshold(upstream: ScriptedUpstream) -> None:
    async with open_stage([upstream.url], limits=Limits(connections=2)) as stage, threshold(stage, "any") as port:
        async with caller_from(port), caller_from(port), caller_from(port) as third:
            assert (await third.rest())[0] == b""
            assert unserved(stage, "too_many") == 1


async def test_closing_the_threshold_closes_who_stands_on_it(stage: Stage) -> None:
    async with contextlib.AsyncExitStack() as door:
        port = await door.enter_async_context(threshold(stage, "any"))
        async with caller_from(port) as caller:
            caller.send(V1[:20])
            await door.aclose()
            assert (await caller.rest())[0] == b""
    assert unserved(stage, "proxy_header") == 0


# -- what is behind it is as ever ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("streaming", [True, False], ids=["events", "any other answer"])
async def test_an_answer_that_came_over_the_threshold_is_cut_like_any_other(tmp_path: Path, *, secured: bool, streaming: bool) -> None:
    files = Authority(tmp_path).server()
    head = SSE_HEAD if streaming else b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n"
    beginning = head + (chunk(b"data: 1\n\n") if streaming else b"data: 1\n\n")
    tls = server_tls(files) if secured else None
    async with scripted(answering(beginning)) as upstream, open_stage([upstream.url]) as stage, threshold(stage, tls=tls) as port:
        async with caller_from(port, tls=client_tls(files) if secured else None) as caller:
            caller.post()
            await caller.until(b"data: 1\n\n")
            stage.publish(policy(frontier={"beta": Grant()}, revision=2))
            rest, _ = await caller.rest()
        assert stage.metrics.streams_cut.labels("frontier", "org_not_approved").value == 1
    assert (b"org_not_approved" in rest) is streaming
    assert not rest.endswith(b"0\r\n\r\n")


async def test_a_websocket_opens_over_the_threshold(tmp_path: Path) -> None:
    files = Authority(tmp_path).server()
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage:
        async with threshold(stage, "v2", tls=server_tls(files)) as port:
            caller = SocketCaller(RawCaller(*await preface_then_tls(port, V2, client_tls(files))))
            caller.ask()
            assert (await caller.raw.head()).startswith(b"HTTP/1.1 101 ")
            caller.say(text(b'{"type":"response.create","response":{"model":"frontier"}}'))
            assert b"response.create" in (await caller.hear()).payload
            caller.raw.writer.close()
    assert client_of(upstream.requests[0]) == b"198.51.100.7"


async def preface_then_tls(port: int, preface: bytes, tls: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as a proxy does that passes TLS on."""
    plain = socket.create_connection(("127.0.0.1", port), 5)
    plain.sendall(preface)
    plain.setblocking(False)  # noqa: FBT003 - the same
    return await asyncio.open_connection(sock=plain, ssl=tls, server_hostname="127.0.0.1")
