"""What compose.yaml starts, started here without containers: its commands, its variables, its files; then the main job."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from support.composition import DEPLOY, Composition
from support.servers import free_port

VARIABLES = {"GATEWAY_STORE_PASSWORD": "of the gate", "GATEWAY_OPERATOR_PASSWORD": "of the operator"}
OURS = {"PATH": f"{DEPLOY / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(DEPLOY.parent)}
DEADLINE = 30.0


class Play:
    """Processes by the names of their services."""

    def __init__(self, composition: Composition) -> None:
        self.composition = composition
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self.proxy, self.admin = composition.moved["0.0.0.0:8080"], composition.moved["0.0.0.0:9090"]

    def __repr__(self) -> str:
        return f"<Play of {', '.join(self.processes)}>"

    async def run(self, service: str, *arguments: str) -> tuple[int | None, str]:
        """Run a service that ends, by its own command or by other arguments of the `gateway` command; give exit code and what it said."""
        command = ["gateway", *arguments] if arguments else self.composition.command(service)
        process = await asyncio.create_subprocess_exec(
            *command, env=self._environment(service), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
        return process.returncode, said.decode()

    async def start(self, service: str, options: tuple[str, ...] = ()) -> None:
        """Start a service that goes on."""
        command = [*self.composition.command(service), *options]
        self.processes[service] = await asyncio.create_subprocess_exec(
            *command, env=self._environment(service), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )

    async def stop(self) -> None:
        """End whatever still runs, and wait for it."""
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        await asyncio.gather(*(asyncio.wait_for(process.wait(), DEADLINE) for process in self.processes.values()))

    def _environment(self, service: str) -> dict[str, str]:
        config = self.composition.directory / "gateway.yaml"
        return OURS | self.composition.environment(service) | {"GATEWAY_CONFIG": str(config), "TMPDIR": str(self.composition.directory)}


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    """Start Redis, issuer, upstream and gate, each as the composition says, on loopback ports."""
    if shutil.which("redis-server") is None:
        pytest.fail("the tests need redis-server on the PATH (apt-get install redis-server)")
    store, upstream, proxy, admin = (f"127.0.0.1:{free_port()}" for _ in range(4))
    moved = {"redis:6379": store, "upstream:8000": upstream, "0.0.0.0:8000": upstream, "0.0.0.0:8080": proxy, "0.0.0.0:9090": admin}
    composition = Composition(tmp_path, VARIABLES, moved)
    settings = composition.here("gate", (DEPLOY / "config/gateway.yaml").read_text())
    (tmp_path / "gateway.yaml").write_text(settings)
    playing = Play(composition)
    try:
        assert await playing.run("issuer") == (0, "")
        port = store.partition(":")[2]
        await playing.start("redis", options=("--port", port, "--bind", "127.0.0.1", "--dir", str(composition.mounts("redis")["/data"])))
        await playing.start("upstream")
        composition.services["gate"]["command"][2] = str(tmp_path / "gateway.yaml")
        await playing.start("gate")
        yield playing
    finally:
        await playing.stop()


async def ready(session: aiohttp.ClientSession, play: Play) -> None:
    """Wait until the gate says that it is, as Compose and Kubernetes would."""
    async with asyncio.timeout(DEADLINE):
        while True:
            with contextlib.suppress(aiohttp.ClientConnectionError):
                async with session.get(f"http://{play.admin}/readyz") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.05)  # another process has no event for us


async def ask(session: aiohttp.ClientSession, play: Play, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    async with session.post(
        f"http://{play.proxy}/v1/chat/completions", json={"model": "frontier-1", "messages": []}, headers=headers
    ) as response:
        await response.read()
        return response.status


async def test_the_composition_does_the_job(play: Play) -> None:
    key = play.composition.mounts("issuer")["/var/lib/gateway"] / "issuer-es256.pem"
    code, said = await play.run("issuer", "token", "mint", "--org", "org_acme", "--nationality", "DE", "--issuer-key", str(key))
    assert code == 0, said
    token = said.strip()
    async with aiohttp.ClientSession() as session:
        await ready(session, play)
        # a store without a policy says so to everyone, until the first grant
        assert await ask(session, play, token) == 503
        code, said = await play.run("operator", "partner", "add", "org_acme", "--model", "frontier-1", "--wait")
        assert code == 0, said
        assert await ask(session, play, token) == 200
        code, said = await play.run("operator", "partner", "remove", "org_acme", "--model", "frontier-1", "--wait")
        assert code == 0, said
        assert await ask(session, play, token) == 403
    code, said = await play.run("operator")
    assert code == 0, said
    records = play.composition.mounts("gate")["/var/lib/gateway"] / "audit"
    assert list(records.iterdir()) != []


async def test_the_users_of_the_store_are_those_of_least_privilege(play: Play) -> None:
    async with aiohttp.ClientSession() as session:
        await ready(session, play)
    host, _, port = play.composition.moved["redis:6379"].partition(":")
    for user, password in (("default", ""), ("gate", "of the operator"), ("gate", "of the gate")):
        command = ("redis-cli", "-h", host, "-p", port, "--user", user, "--pass", password, "--no-auth-warning", "FLUSHALL")
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        said, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
        assert b"OK" not in said
        assert any(word in said for word in (b"NOPERM", b"WRONGPASS", b"NOAUTH"))


async def test_the_health_check_of_the_store_passes(play: Play) -> None:
    async with aiohttp.ClientSession() as session:
        await ready(session, play)
    kind, line = play.composition.services["redis"]["healthcheck"]["test"]
    port = play.composition.moved["redis:6379"].partition(":")[2]
    assert kind == "CMD-SHELL"
    for password, code in (("of the gate", 0), ("of nobody", 1)):
        environment = OURS | {"GATEWAY_STORE_PASSWORD": password}
        process = await asyncio.create_subprocess_shell(
            line.replace("redis-cli", f"redis-cli -p {port}"),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await asyncio.wait_for(process.wait(), DEADLINE) == code
