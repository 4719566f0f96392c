"""The gate's TLS as OpenSSL's own client sees it: what is spoken, what is refused, and certificates replaced under running connections."""

import asyncio
import contextlib
import re
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.certificates import Authority, Certificate
from support.house import KnownTokens, Stage, open_stage
from support.introduced import caller_from, client_tls, threshold, unserved
from support.wire_ends import DEADLINE, OK, answering, scripted

from gateway.api.tls import ServerTls
from gateway.errors import SettingsError
from gateway.identity.binding import thumbprint_of
from gateway.identity.verifier import NeedKeys
from gateway.policy.access import Instant, Subject
from gateway.policy.vocabulary import Reason
from gateway.settings.shape import Tls

REFUSED = r"New, \(NONE\), Cipher is \(NONE\)"
ASKING = b"GET /v1/models HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\n\r\n"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as opened:
        yield opened


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def settings_of(files: Certificate, clients: str = "none") -> Tls:
    authority = str(files.authority) if clients != "none" else ""
    return Tls(certificate=str(files.certificate), key=str(files.key), client_ca=authority, client_certificates=clients)  # type: ignore[arg-type]


async def s_client(port: int, *options: str, said: bytes = b"") -> str:
    """Run `openssl s_client` against the port; give what it wrote."""
    command = ("s_client", "-connect", f"127.0.0.1:{port}", *options)
    process = await asyncio.create_subprocess_exec(
        shutil.which("openssl") or "openssl", *command, stdin=-1, stdout=-1, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(DEADLINE):
        out, _ = await process.communicate(said)
    return out.decode("latin-1")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        pytest.param(("-tls1_3",), "Protocol *: TLSv1.3|New, TLSv1.3", id="TLS 1.3"),
        pytest.param(("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), "Cipher is ECDHE-ECDSA-AES128-GCM-SHA256", id="TLS 1.2, GCM"),
        pytest.param(("-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"), "Cipher is ECDHE-ECDSA-CHACHA20", id="TLS 1.2, ChaCha20"),
        pytest.param(("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"), REFUSED, id="no CBC"),
        pytest.param(("-tls1_2", "-cipher", "AES128-GCM-SHA256"), REFUSED, id="no key transport without forward secrecy"),
        pytest.param(("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), REFUSED, id="no TLS 1.1"),
        pytest.param(("-tls1", "-cipher", "ALL:@SECLEVEL=0"), REFUSED, id="no TLS 1.0"),
        pytest.param(("-alpn", "h2,http/1.1"), "ALPN protocol: http/1.1", id="HTTP/1.1 is agreed on"),
        pytest.param(("-alpn", "h2"), "No ALPN negotiated", id="HTTP/2 is not"),
        pytest.param(("-tls1_2", "-comp", "-cipher", "ECDHE+AESGCM:@SECLEVEL=0"), "Compression: NONE", id="no compression"),
    ],
)
async def test_what_is_spoken(stage: Stage, authority: Authority, options: tuple[str, ...], found: str) -> None:
    context = ServerTls(settings_of(authority.server()), "listen.proxy.tls").context
    async with threshold(stage, tls=context) as port:
        told = await s_client(port, *options)
    assert re.search(found, told), told


async def test_nobody_renegotiates(stage: Stage, authority: Authority) -> None:
    context = ServerTls(settings_of(authority.server()), "listen.proxy.tls").context
    async with threshold(stage, tls=context) as port:
        told = await s_client(port, "-tls1_2", said=b"R\n")
    assert "RENEGOTIATING" in told
    assert "no renegotiation" in told


class Showing(KnownTokens):
    """Notes which certificates were shown with the tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def verify(self, token: bytes, now: Instant, shown: str = "") -> Subject | Reason | NeedKeys:
        self.shown.append(shown)
        return super().verify(token, now, shown)


@pytest.mark.parametrize(("version", "resumed"), [(ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, False)])
async def test_a_resumed_session_is_that_of_its_certificate(
    stage: Stage, authority: Authority, version: ssl.TLSVersion, *, resumed: bool
) -> None:
    files, own = authority.server(), authority.client("partner")
    client = client_tls(files, own)
    client.minimum_version = client.maximum_version = version
    identifier = stage.gate.identifier = Showing()

    def ask(port: int, session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, bool | None]:
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            with client.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as secured:
                secured.sendall(ASKING)
                assert secured.recv(4096).startswith(b"HTTP/1.1 200 ")
                told = secured.session, secured.session_reused
                with contextlib.suppress(OSError):
                    secured.unwrap()  # a session that was broken off is not resumed
                return told

    context = ServerTls(settings_of(files, "required"), "listen.proxy.tls").context
    async with threshold(stage, tls=context) as port:
        session, _ = await asyncio.to_thread(ask, port, None)
        _, again = await asyncio.to_thread(ask, port, session)
    assert again is resumed
    assert identifier.shown == [thumbprint_of(own.der)] * 2


async def serial(port: int, files: Certificate) -> bytes:
    """Which certificate a new connection is shown."""
    async with caller_from(port, tls=client_tls(files)) as caller:
        shown: ssl.SSLObject = caller.writer.get_extra_info("ssl_object")
        return shown.getpeercert(binary_form=True) or b""


async def test_a_replaced_certificate_is_shown_to_new_connections_and_breaks_none(stage: Stage, authority: Authority) -> None:
    files = authority.server()
    tls = ServerTls(settings_of(files), "listen.proxy.tls")
    async with threshold(stage, tls=lambda: tls.context) as port, caller_from(port, tls=client_tls(files)) as running:
        before = await serial(port, files)
        assert not tls.refresh()
        authority.server()
        assert tls.refresh()
        assert await serial(port, files) != before
        assert await serial(port, files) == files.der
        running.post()
        head, _ = await running.answer()
    assert head.startswith(b"HTTP/1.1 200 ")


async def test_half_of_a_pair_changes_nothing_until_the_other_half_comes(stage: Stage, authority: Authority) -> None:
    files = authority.server()
    tls = ServerTls(settings_of(files), "listen.proxy.tls")
    other = authority.server(file="other")
    async with threshold(stage, tls=lambda: tls.context) as port:
        before = await serial(port, files)
        files.certificate.write_bytes(other.certificate.read_bytes())
        with pytest.raises(SettingsError, match=r"listen\.proxy\.tls: cannot use certificate .*belong together"):
            tls.refresh()
        assert await serial(port, files) == before
        files.key.write_bytes(other.key.read_bytes())
        assert tls.refresh()
        assert await serial(port, files) == other.der


async def test_replaced_authorities_decide_about_new_connections(stage: Stage, authority: Authority, tmp_path: Path) -> None:
    files, own = authority.server(), authority.client("partner")
    trusted = tmp_path / "clients.pem"
    trusted.write_bytes(authority.file.read_bytes())
    settings = Tls(certificate=str(files.certificate), key=str(files.key), client_ca=str(trusted), client_certificates="optional")
    tls = ServerTls(settings, "listen.proxy.tls")
    newcomer = Authority(tmp_path, "newcomer")
    trusted.write_bytes(newcomer.file.read_bytes())
    assert tls.refresh()
    async with threshold(stage, tls=lambda: tls.context) as port:
        async with caller_from(port, tls=client_tls(files, newcomer.client("new"))) as caller:
            caller.post()
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 200 ")
        told = await s_client(port, "-quiet", "-cert", str(own.certificate), "-key", str(own.key), said=ASKING)
        assert "HTTP/1.1" not in told
        assert unserved(stage, "client_certificate") == 1


@pytest.mark.parametrize("missing", ["certificate", "key", "client_ca"])
def test_files_that_cannot_be_used_are_named_by_their_setting(authority: Authority, tmp_path: Path, missing: str) -> None:
    files = authority.server()
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    fields = {"certificate": str(files.certificate), "key": str(files.key), "client_ca": str(files.authority), missing: str(bad)}
    with pytest.raises(SettingsError, match=r"listen\.admin\.tls") as refused:
        ServerTls(Tls(client_certificates="required", **fields), "listen.admin.tls")
    assert str(bad) in str(refused.value)
