"""A served gate takes a replaced certificate on SIGHUP, and by itself, while an answer runs on."""

import asyncio
import json
import signal
import ssl
from pathlib import Path

from support.certificates import Authority, Certificate
from support.house import open_stage
from support.introduced import caller_from, client_tls
from support.running import GATED, eventually
from support.servers import RedisServer
from support.serving import serving
from support.wire_ends import OK, answering, scripted

from gateway.entrance import Entrance
from gateway.settings.shape import AdminListener, Listen, ProxyListener, Tls


async def shown(port: int, files: Certificate) -> bytes:
    """Which certificate a new connection is shown."""
    async with caller_from(port, tls=client_tls(files)) as caller:
        secured: ssl.SSLObject = caller.writer.get_extra_info("ssl_object")
        return secured.getpeercert(binary_form=True) or b""


def proxy_section(files: Certificate) -> ProxyListener:
    return ProxyListener(address="127.0.0.1:0", tls=Tls(certificate=str(files.certificate), key=str(files.key)))


async def test_sighup_takes_a_replaced_certificate_and_breaks_nothing(tmp_path: Path, redis_server: RedisServer) -> None:
    authority = Authority(tmp_path)
    files = authority.server()
    redis_server.cli("HSET", f"gateway:allowlist:{GATED}", "org_acme", "{}")
    listen = Listen(proxy=proxy_section(files), admin=AdminListener(address="127.0.0.1:0"))
    async with serving(tmp_path, redis_server, workers=2, listen=listen) as gate:
        port = int(gate.settings.listen.proxy.address.rpartition(":")[2])
        before = files.der
        assert await shown(port, files) == before
        async with caller_from(port, tls=client_tls(files)) as running:
            authority.server()
            gate.process.send_signal(signal.SIGHUP)
            async with asyncio.timeout(20):
                while {await shown(port, files) for _ in range(10)} != {files.der}:
                    pass
            running.post(json.dumps({"model": GATED, "messages": []}).encode(), token=gate.mint())
            head, _ = await running.answer()
            assert head.startswith(b"HTTP/1.1 200 ")
        assert gate.log.count('"certificate_replaced"') == 2, "each worker took it once"


async def test_files_are_looked_at_and_bad_ones_are_said_and_not_taken(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = authority.server()
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage:
        entrance = Entrance(stage.gate, proxy_section(files), shared=False, look_every=0.01)
        await entrance.open()
        expiry = stage.metrics.certificate_expiry.labels("proxy")
        try:
            before, ends = await shown(entrance.port, files), expiry.value
            assert ends > 0
            key = files.key.read_bytes()
            files.key.write_text("half of a key")
            await asyncio.sleep(0.05)
            assert await shown(entrance.port, files) == before
            files.key.write_bytes(key)
            authority.server()

            async def replaced() -> None:
                while await shown(entrance.port, files) == before:
                    pass

            await asyncio.wait_for(replaced(), 10)
            await eventually(lambda: expiry.value >= ends, "the new end is told")
        finally:
            entrance.close()
