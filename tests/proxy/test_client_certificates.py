"""A token that is bound to a certificate is good on a connection that has shown that certificate, and nowhere else."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.certificates import Certificate, issue
from support.house import KnownTokens, Stage, open_stage
from support.wire_ends import OK, RawCaller, answering, scripted

from gateway.api.tls import ServerTls
from gateway.errors import SettingsError
from gateway.identity.binding import thumbprint_of
from gateway.policy.access import Instant, Subject
from gateway.proxy.listener import Connection
from gateway.settings.shape import Tls


class BoundTokens(KnownTokens):
    """The token `bound` is bound to one certificate, any other to none."""

    def __init__(self, thumbprint: str) -> None:
        super().__init__()
        self._thumbprint = thumbprint

    def verify(self, token: bytes, now: Instant) -> Subject:
        del now
        return Subject("main", "someone", organisation="acme", bound_to=self._thumbprint if token == b"bound" else "")


def der(files: Certificate) -> bytes:
    return ssl.PEM_cert_to_DER_cert(files.certificate.read_text())


@asynccontextmanager
async def secured(tmp_path: Path, asked: str = "optional") -> AsyncIterator[tuple[Stage, int, Certificate]]:
    """A gate that asks for certificates of the same authority that signed its own."""
    files = issue(tmp_path)
    settings = Tls(certificate=str(files.certificate), key=str(files.key), client_ca=str(files.authority), client_certificates=asked)  # type: ignore[arg-type]
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage:
        stage.gate.identifier = BoundTokens(thumbprint_of(der(files)))
        context = ServerTls(settings, "listen.proxy.tls").context
        server = await asyncio.get_running_loop().create_server(lambda: Connection(stage.gate), "127.0.0.1", 0, ssl=context)
        try:
            yield stage, server.sockets[0].getsockname()[1], files
        finally:
            server.close()


@asynccontextmanager
async def calling(port: int, files: Certificate, *, showing: bool) -> AsyncIterator[RawCaller]:
    context = ssl.create_default_context(cafile=files.authority)
    if showing:
        context.load_cert_chain(files.certificate, files.key)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        yield RawCaller(reader, writer)
    finally:
        writer.close()


async def status(caller: RawCaller, token: str) -> bytes:
    caller.post(token=token)
    head, _ = await caller.answer()
    return head.split(b" ")[1]


async def test_the_bound_token_with_its_certificate(tmp_path: Path) -> None:
    async with secured(tmp_path) as (_, port, files), calling(port, files, showing=True) as caller:
        assert [await status(caller, "bound") for _ in range(3)] == [b"200"] * 3, "also when the head is known"


async def test_the_bound_token_stolen_is_no_token(tmp_path: Path) -> None:
    async with secured(tmp_path) as (_, port, files):
        async with calling(port, files, showing=True) as owner:
            assert await status(owner, "bound") == b"200", "it is remembered now"
        async with calling(port, files, showing=False) as thief:
            assert await status(thief, "acme") == b"200", "a bearer token needs no certificate"
            assert [await status(thief, "bound") for _ in range(2)] == [b"401"] * 2


async def test_over_plain_text_it_is_never_good(tmp_path: Path) -> None:
    async with secured(tmp_path) as (stage, _, _files):
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
        caller = RawCaller(reader, writer)
        caller.post(token="bound")
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 401 ")
        assert b"client certificate" in body
        writer.close()


async def test_where_a_certificate_is_required_nobody_comes_in_without(tmp_path: Path) -> None:
    async with secured(tmp_path, "required") as (_, port, files):
        async with calling(port, files, showing=True) as caller:
            assert await status(caller, "acme") == b"200"
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            async with calling(port, files, showing=False) as caller:
                await status(caller, "acme")


def test_old_versions_and_weak_ciphers_are_not_spoken(tmp_path: Path) -> None:
    files = issue(tmp_path)
    context = ServerTls(Tls(certificate=str(files.certificate), key=str(files.key)), "listen.proxy.tls").context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert all("CBC" not in each["name"] and ("ECDHE" in each["name"] or each["protocol"] == "TLSv1.3") for each in context.get_ciphers())


def test_a_replaced_certificate_is_taken_and_a_bad_one_is_not(tmp_path: Path) -> None:
    files = issue(tmp_path)
    tls = ServerTls(Tls(certificate=str(files.certificate), key=str(files.key)), "listen.proxy.tls")
    assert not tls.refresh()
    issue(tmp_path)
    assert tls.refresh()
    files.certificate.write_text("nothing")
    with pytest.raises(SettingsError, match=r"listen\.proxy\.tls: cannot use certificate"):
        tls.refresh()
    assert not tls.refresh(), "it is told once"
