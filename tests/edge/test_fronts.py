"""Real HAProxy and nginx in front: what they write before a connection is what the gate reads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

import pytest
from support.certificates import Authority
from support.fronts import haproxy, nginx
from support.house import Stage, open_stage
from support.introduced import caller_from, client_tls, threshold, unserved
from support.wire_ends import OK, ScriptedUpstream, answering, scripted

from gateway.api.tls import ServerTls
from gateway.settings.shape import Tls

Front = Callable[[Path, int], AbstractContextManager[int]]

FRONTS = {
    "HAProxy send-proxy": ("v1", lambda directory, gate: haproxy(directory, gate, "send-proxy")),
    "HAProxy send-proxy-v2": ("v2", lambda directory, gate: haproxy(directory, gate, "send-proxy-v2")),
    "HAProxy with vectors": ("v2", lambda directory, gate: haproxy(directory, gate, "send-proxy-v2 proxy-v2-options crc32c,unique-id")),
    "nginx": ("v1", nginx),
}


@pytest.fixture(params=FRONTS)
def front(request: pytest.FixtureRequest) -> tuple[str, Front]:
    return FRONTS[request.param]


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with scripted(answering(OK)) as playing:
        yield playing


@pytest.fixture
async def stage(upstream: ScriptedUpstream) -> AsyncIterator[Stage]:
    async with open_stage([upstream.url]) as opened:
        yield opened


@asynccontextmanager
async def beside(front: AbstractContextManager[int]) -> AsyncIterator[int]:
    """Start and stop it beside the loop, which must go on."""
    port = await asyncio.to_thread(front.__enter__)
    try:
        yield port
    finally:
        await asyncio.to_thread(front.__exit__, None, None, None)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.77"])
async def test_the_client_before_a_real_proxy_is_known(
    stage: Stage, upstream: ScriptedUpstream, front: tuple[str, Front], tmp_path: Path, address: str
) -> None:
    version, started = front
    async with threshold(stage, version) as gate, beside(started(tmp_path, gate)) as port, caller_from(port, address) as caller:
        for _ in range(2):
            caller.post()
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 200 ")
    assert all(b"x-forwarded-for: %b\r\n" % address.encode() in request for request in upstream.requests)
    assert len(upstream.requests) == 2


async def test_tls_passes_through_a_real_proxy_after_its_header(
    stage: Stage, upstream: ScriptedUpstream, front: tuple[str, Front], tmp_path: Path
) -> None:
    version, started = front
    authority = Authority(tmp_path)
    files, own = authority.server(), authority.client("partner")
    settings = Tls(certificate=str(files.certificate), key=str(files.key), client_ca=str(authority.file), client_certificates="required")
    context = ServerTls(settings, "listen.proxy.tls").context
    async with threshold(stage, version, tls=context) as gate, beside(started(tmp_path, gate)) as port:
        async with caller_from(port, "127.0.0.78", tls=client_tls(files, own)) as caller:
            caller.post()
            head, _ = await caller.answer()
    assert head.startswith(b"HTTP/1.1 200 ")
    assert [b"x-forwarded-for: 127.0.0.78\r\n" in request for request in upstream.requests] == [True]
    assert unserved(stage, "tls") == unserved(stage, "client_certificate") == 0


@pytest.mark.parametrize("options", ["", "send-proxy-v2"])
async def test_a_proxy_that_was_not_told_to_say_it_is_refused(
    stage: Stage, upstream: ScriptedUpstream, tmp_path: Path, options: str
) -> None:
    async with threshold(stage, "v1") as gate, beside(haproxy(tmp_path, gate, options)) as port, caller_from(port) as caller:
        caller.post()
        assert (await caller.rest())[0] == b""
    assert unserved(stage, "proxy_header") >= 1, "it may try again"
    assert upstream.requests == []
