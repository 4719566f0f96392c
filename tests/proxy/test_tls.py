"""TLS on both sides: an upstream that proves who it is, and callers that speak TLS to the gate."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.certificates import Certificate, issue
from support.house import open_stage, policy
from support.unread import unread_caller
from support.wire_ends import OK, SSE_HEAD, RawCaller, ScriptedUpstream, answering, chunk, eventually, raw_caller, scripted

from gateway.api.tls import ServerTls
from gateway.entrance import Entrance
from gateway.policy.snapshot import Grant
from gateway.proxy.listener import Connection
from gateway.settings.shape import Limits, ProxyListener, Tls

SIZE = 1_000_000


@asynccontextmanager
async def tls_upstream(files: Certificate) -> AsyncIterator[ScriptedUpstream]:
    upstream = ScriptedUpstream(answering(OK))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    server = await asyncio.start_server(upstream.play, "127.0.0.1", 0, ssl=context)
    upstream.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()


async def test_an_upstream_is_reached_over_tls_when_its_authority_is_known(tmp_path: Path) -> None:
    files = issue(tmp_path)
    async with tls_upstream(files) as upstream, open_stage([upstream.url], ca_file=str(files.authority)) as stage:
        async with raw_caller(stage.port) as caller:
            for _ in range(2):
                caller.post()
                head, body = await caller.answer()
                assert head.startswith(b"HTTP/1.1 200 ")
                assert body == b"{}"
        assert upstream.connections == 1


async def test_an_upstream_that_cannot_prove_who_it_is_gets_nothing(tmp_path: Path) -> None:
    files = issue(tmp_path)
    async with tls_upstream(files) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 502 ")
        assert upstream.requests == []


async def test_callers_speak_tls_to_the_gate_and_are_cut_like_others(tmp_path: Path) -> None:
    files = issue(tmp_path)
    context = ServerTls(Tls(certificate=str(files.certificate), key=str(files.key)), "listen.proxy.tls").context
    trusting = ssl.create_default_context(cafile=files.authority)
    async with tls_upstream(files) as upstream, open_stage([upstream.url], ca_file=str(files.authority)) as stage:
        upstream.script = answering(SSE_HEAD + chunk(b"data: 1\n\n"))
        server = await asyncio.get_running_loop().create_server(lambda: Connection(stage.gate), "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        caller = RawCaller(reader, writer)
        caller.post()
        await caller.until(b"data: 1\n\n")
        stage.publish(policy(frontier={"beta": Grant()}, revision=2))
        rest, _ = await caller.rest()
        assert b"org_not_approved" in rest
        assert not rest.endswith(b"0\r\n\r\n")
        writer.close()
        server.close()


async def test_what_waits_for_a_caller_that_does_not_read_is_dropped_over_tls_too(tmp_path: Path) -> None:
    files = issue(tmp_path)
    settings = ProxyListener(address="127.0.0.1:0", tls=Tls(certificate=str(files.certificate), key=str(files.key)))
    trusting = ssl.create_default_context(cafile=files.authority)
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % SIZE + bytes(SIZE)
    async with scripted(answering(answer)) as upstream, open_stage([upstream.url]) as stage:
        entrance = Entrance(stage.gate, settings, shared=False)
        await entrance.open()
        async with unread_caller(entrance.port) as plain:
            reader, writer = await asyncio.open_connection(sock=plain.dup(), ssl=trusting, server_hostname="127.0.0.1", limit=1024)
            RawCaller(reader, writer).post()
            await eventually(lambda: any(each.writing_paused for each in stage.gate.doors.connections), "the caller is behind")
            (connection,) = stage.gate.doors.connections
            relay = connection.relay
            stage.publish(policy(frontier={"beta": Grant()}, revision=2))
            came = 0
            with contextlib.suppress(OSError):
                while part := await reader.read(65536):
                    came += len(part)
            assert relay is not None
            assert came < relay.bytes_sent - 50_000
            assert stage.metrics.streams_cut.labels("frontier", "org_not_approved").value == 1
            writer.close()
        entrance.close()


async def test_whoever_does_not_say_hello_is_not_waited_for(tmp_path: Path) -> None:
    files = issue(tmp_path)
    settings = ProxyListener(address="127.0.0.1:0", tls=Tls(certificate=str(files.certificate), key=str(files.key)))
    async with open_stage(["http://127.0.0.1:9"], limits=Limits(header_timeout=0.1)) as stage:
        entrance = Entrance(stage.gate, settings, shared=False)
        await entrance.open()
        try:
            async with raw_caller(entrance.port) as caller:
                assert (await caller.rest())[0] == b""
        finally:
            entrance.close()
