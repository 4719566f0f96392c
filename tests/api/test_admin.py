"""The admin listener from outside: what it answers, and what it never says."""

import asyncio
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gateway.api.admin import AdminServer
from gateway.api.readiness import Readiness
from gateway.audit.metrics import Metrics
from gateway.errors import SettingsError
from gateway.settings.shape import AdminListener, Tls

ANYWHERE = AdminListener(address="127.0.0.1:0")
Start = Callable[..., Awaitable[AdminServer]]


async def fails(_request: web.Request) -> web.Response:
    raise ValueError("the operator's password")


class State:
    """What the readiness probe finds; a test changes it."""

    found = Readiness(revision=7, age=0.25)

    def __call__(self) -> Readiness:
        return self.found


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
async def start(state: State) -> AsyncIterator[Start]:
    servers: list[AdminServer] = []

    async def start(settings: AdminListener = ANYWHERE, *, reuse_port: bool = False) -> AdminServer:
        server = AdminServer(settings, state, Metrics(), [web.get("/fails", fails)], reuse_port=reuse_port)
        servers.append(server)
        await server.start()
        return server

    yield start
    for server in servers:
        await server.stop()


@pytest.fixture
async def client(start: Start) -> AsyncIterator[aiohttp.ClientSession]:
    server = await start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        yield session


async def test_alive_is_200(client: aiohttp.ClientSession) -> None:
    async with client.get("/healthz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "alive"})


async def test_ready_says_the_revision(client: aiohttp.ClientSession) -> None:
    async with client.get("/readyz") as answer:
        assert (answer.status, await answer.json()) == (
            200,
            {"status": "ready", "reasons": [], "revision": 7, "policy_age_seconds": 0.25},
        )


async def test_not_ready_says_every_reason_and_alive_stays_alive(client: aiohttp.ClientSession, state: State) -> None:
    state.found = Readiness(problems=("no policy was loaded yet", "issuer corp: no keys"))
    async with client.get("/readyz") as answer:
        assert answer.status == 503
        told = await answer.json()
    assert (told["status"], told["reasons"]) == ("not_ready", ["no policy was loaded yet", "issuer corp: no keys"])
    assert told["policy_age_seconds"] is None
    async with client.get("/healthz") as answer:
        assert answer.status == 200


async def test_metrics_come_in_the_format_asked_for(client: aiohttp.ClientSession) -> None:
    async with client.get("/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert "\ngateway_workers 1.0\n" in await answer.text()
    async with client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        assert (await answer.text()).endswith("# EOF\n")


async def test_metrics_that_cannot_be_read_are_503_and_no_wrong_numbers(tmp_path: Path) -> None:
    class Gone:
        def render(self, accept: str = "") -> tuple[bytes, str]:
            del accept
            raise FileNotFoundError(tmp_path)

    server = AdminServer(ANYWHERE, Readiness, Gone())
    await server.start()
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{server.port}/metrics") as answer:
        assert (answer.status, answer.headers["Retry-After"], await answer.json()) == (503, "1", {"error": "metrics_unavailable"})
    await server.stop()


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/metrics/../../etc/passwd", 404, "not_found"),
        ("POST", "/metrics", 405, "method_not_allowed"),
        ("GET", "/fails", 500, "internal_error"),
    ],
)
async def test_errors_are_one_word(client: aiohttp.ClientSession, method: str, path: str, status: int, word: str) -> None:
    async with client.request(method, path) as answer:
        assert (answer.status, await answer.json()) == (status, {"error": word})


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/nowhere", "/fails"])
async def test_every_answer_is_unstored_and_does_not_boast(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Server"] == "gateway"


async def test_what_a_handler_breaks_on_is_not_told(client: aiohttp.ClientSession) -> None:
    async with client.get("/fails") as answer:
        text = await answer.text()
    assert "password" not in text
    assert "Traceback" not in text


async def test_bytes_that_are_no_request_get_a_plain_400(start: Start) -> None:
    server = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"\x16\x03\x01 what?\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.0 400 ")
    assert b"Traceback" not in answer


async def test_workers_share_one_port(start: Start) -> None:
    first = await start(reuse_port=True)
    await start(AdminListener(address=f"127.0.0.1:{first.port}"), reuse_port=True)
    for _ in range(10):
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{first.port}/healthz") as answer:
            assert answer.status == 200


async def test_an_address_in_use_is_an_error(start: Start) -> None:
    first = await start()
    with pytest.raises(OSError, match="in use"):
        await start(AdminListener(address=f"127.0.0.1:{first.port}"))


@pytest.fixture
def pair(tmp_path: Path) -> Tls:
    """Give a certificate for localhost and its key."""
    certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    subject = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    subprocess.run([*command.split(), *subject], check=True, capture_output=True)
    return Tls(certificate=certificate, key=key)


async def test_tls_is_spoken_where_configured(start: Start, pair: Tls) -> None:
    server = await start(AdminListener(address="127.0.0.1:0", tls=pair))
    trust = ssl.create_default_context(cafile=pair.certificate)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"https://localhost:{server.port}/healthz", ssl=trust) as answer:
            assert json.loads(await answer.text()) == {"status": "alive"}
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://localhost:{server.port}/healthz")


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("not a certificate")
    tls = Tls(certificate=str(tmp_path / "cert.pem"), key=str(tmp_path / "absent.pem"))
    with pytest.raises(SettingsError, match=r"listen\.admin\.tls: .*cert\.pem .*absent\.pem"):
        AdminServer(AdminListener(tls=tls), Readiness, Metrics())


def test_an_odd_address_is_refused_with_the_right_form() -> None:
    with pytest.raises(SettingsError, match=r'listen\.admin\.address: "9090": .*Write: 127\.0\.0\.1'):
        AdminServer(AdminListener(address="9090"), Readiness, Metrics())
