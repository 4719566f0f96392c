import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

import aiohttp
import pytest
from support.servers import free_port

from gateway.demo.issuer import DemoIssuer
from gateway.demo.services import main


def test_the_issuer_publishes_its_key_set_and_keeps_its_key_elsewhere(tmp_path: Path) -> None:
    public, secret = tmp_path / "public", tmp_path / "secret" / "key.pem"
    assert main(["issuer", "--directory", str(public), "--key", str(secret)]) == 0
    assert [path.name for path in public.iterdir()] == ["jwks.json"]
    (key,) = json.loads((public / "jwks.json").read_text())["keys"]
    assert key["kid"] == DemoIssuer.with_key(secret).key_id
    assert "d" not in key


def test_a_second_start_keeps_the_key(tmp_path: Path) -> None:
    command = ["issuer", "--directory", str(tmp_path), "--key", str(tmp_path / "key.pem")]
    main(command)
    first = (tmp_path / "jwks.json").read_bytes()
    assert main(command) == 0
    assert (tmp_path / "jwks.json").read_bytes() == first


async def test_the_upstream_answers_until_it_is_told_to_end() -> None:
    address = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "gateway.demo.services", "upstream", "--listen", address)
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(20):
            assert await asked(session, address) == 200
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def asked(session: aiohttp.ClientSession, address: str) -> int:
    """Ask as soon as it listens."""
    while True:
        with contextlib.suppress(aiohttp.ClientConnectionError):
            async with session.post(f"http://{address}/v1/chat/completions", json={"model": "m", "messages": []}) as response:
                return response.status
        await asyncio.sleep(0.02)  # another process has no event for us


@pytest.mark.parametrize("arguments", [[], ["upstream", "--listen", "nowhere"], ["issuer"]])
def test_bad_usage_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
