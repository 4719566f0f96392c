"""Key documents come from real servers on loopback: well-behaved ones and others."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.identity.fetch import MAX_DOCUMENT, FetchError, HttpFetch, is_loopback, read_document, require_safe

DOCUMENT = b'{"keys":[]}'


@pytest.fixture
async def fetch() -> AsyncIterator[HttpFetch]:
    """Give an HTTP fetch that is closed after the test."""
    http = HttpFetch()
    yield http
    await http.close()


@pytest.fixture
async def seen() -> list[web.Request]:
    """Give the list of requests that the server saw."""
    return []


async def endless(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse()
    await stream.prepare(request)
    while True:
        await stream.write(b"x" * 65536)


async def broken(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse(headers={"Content-Length": "100"})
    await stream.prepare(request)
    await stream.write(b"x")
    assert request.transport is not None
    request.transport.abort()
    return stream


ANSWERS = {
    "/keys": lambda: web.Response(body=DOCUMENT, headers={"Set-Cookie": "a=b"}),
    "/moved": lambda: web.Response(status=302, headers={"Location": "/keys"}),
    "/limit": lambda: web.Response(body=b"x" * MAX_DOCUMENT),
    "/large": lambda: web.Response(body=b"x" * (MAX_DOCUMENT + 1)),
    "/zipped": lambda: web.Response(body=gzip.compress(DOCUMENT), headers={"Content-Encoding": "gzip"}),
    "/error": lambda: web.Response(status=500),
}


@pytest.fixture
async def url(seen: list[web.Request]) -> AsyncIterator[str]:
    """Give the base URL of a server with one path per behaviour."""
    never = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        return ANSWERS[request.path]()

    async def slow(_: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    app = web.Application()
    app.add_routes([web.get("/endless", endless), web.get("/broken", broken), web.get("/slow", slow), web.get("/{path}", answer)])
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("/"))
    never.set()
    await server.close()


async def test_a_document_is_fetched(fetch: HttpFetch, url: str) -> None:
    assert await fetch(url + "keys", 5.0) == DOCUMENT
    assert len(await fetch(url + "limit", 5.0)) == MAX_DOCUMENT


async def test_nothing_of_ours_is_sent_along(fetch: HttpFetch, url: str, seen: list[web.Request]) -> None:
    named = url.replace("127.0.0.1", "localhost")  # cookies go by name
    await fetch(named + "keys", 5.0)
    await fetch(named + "keys", 5.0)
    assert [(request.headers.get("Cookie"), request.headers.get("Authorization")) for request in seen] == [(None, None)] * 2


@pytest.mark.parametrize(
    ("path", "outcome", "problem"),
    [
        ("moved", "refused", "answered 302"),
        ("error", "refused", "answered 500"),
        ("large", "refused", "larger than"),
        ("endless", "refused", "larger than"),
        ("broken", "unreachable", "could not be fetched"),
    ],
)
async def test_any_other_answer_is_an_error_with_a_reason(fetch: HttpFetch, url: str, path: str, outcome: str, problem: str) -> None:
    with pytest.raises(FetchError, match=problem) as caught:
        await fetch(url + path, 5.0)
    assert caught.value.outcome == outcome


async def test_redirects_are_not_followed(fetch: HttpFetch, url: str, seen: list[web.Request]) -> None:
    with pytest.raises(FetchError):
        await fetch(url + "moved", 5.0)
    assert [request.path for request in seen] == ["/moved"]


async def test_a_compressed_answer_is_not_unpacked(fetch: HttpFetch, url: str) -> None:
    assert await fetch(url + "zipped", 5.0) != DOCUMENT


async def test_a_slow_answer_is_an_error_in_time(fetch: HttpFetch, url: str) -> None:
    with pytest.raises(FetchError, match=r"within 0\.05 s") as caught:
        await fetch(url + "slow", 0.05)
    assert caught.value.outcome == "timeout"


async def test_nobody_there_is_an_error(fetch: HttpFetch, unused_tcp_port: int) -> None:
    with pytest.raises(FetchError, match="could not be fetched"):
        await fetch(f"http://127.0.0.1:{unused_tcp_port}/keys", 5.0)


@pytest.mark.parametrize(
    "url", ["https://login.example.org/keys", "http://127.0.0.1:8081/keys", "http://localhost/keys", "http://[::1]:80/keys"]
)
def test_https_or_loopback_is_safe(url: str) -> None:
    require_safe(url)
    assert is_loopback(url) == url.startswith("http://")


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.org/keys",
        "http://127.0.0.1.example.org/keys",
        "http://localhost.example.org/",
        "http://10.0.0.1/keys",
        "https://user:secret@login.example.org/keys",
        "http://user@127.0.0.1/keys",
        "file:///etc/passwd",
        "ftp://127.0.0.1/keys",
        "https://",
        "//login.example.org",
        "http://[::1",
        "",
    ],
)
async def test_any_other_url_is_refused_unasked(fetch: HttpFetch, url: str) -> None:
    with pytest.raises(FetchError, match="must be https") as caught:
        await fetch(url, 5.0)
    assert caught.value.outcome == "refused"
    assert "secret" not in str(caught.value)


async def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(DOCUMENT)
    assert await read_document(str(tmp_path / "keys.json")) == DOCUMENT


async def test_a_file_that_is_missing_or_too_large_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (MAX_DOCUMENT + 1))
    for name, problem in [("nothing", "must name a readable"), ("large", "larger than"), ("a\0b", "must name a readable")]:
        with pytest.raises(FetchError, match=problem):
            await read_document(str(tmp_path / name))
