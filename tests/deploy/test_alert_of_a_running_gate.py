"""A whole gate refuses, a real Prometheus scrapes it, and alerts fire: the shipped configuration and rules, with shorter waiting times."""

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.running import GATED, RunningGate, running_gate
from support.servers import free_port

RULES = Path(__file__).parents[2] / "deploy/prometheus/alerts.yaml"
CONFIGURATION = Path(__file__).parents[2] / "deploy/config/prometheus.yml"
STRANGER, REFUSALS = "org_stranger", 200
pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")

Alert = tuple[str, str]


def hurried(directory: Path, admin_url: str) -> Path:
    """Write the shipped configuration and rules for a test: another target, quarter seconds, no `for` above a second."""
    (directory / "alerts.yaml").write_text(re.sub(r"for: \d+[sm]$", "for: 1s", RULES.read_text(), flags=re.MULTILINE))
    text = (
        CONFIGURATION.read_text()
        .replace("../prometheus/alerts.yaml", "alerts.yaml")
        .replace("gate:9090", admin_url.removeprefix("http://"))
    )
    path = directory / "prometheus.yml"
    path.write_text(text.replace("_interval: 5s", "_interval: 250ms").replace("global:", "global:\n  scrape_timeout: 250ms"))
    return path


@contextlib.asynccontextmanager
async def watching(gate: RunningGate, directory: Path) -> AsyncIterator[str]:
    """Run a Prometheus on the gate; give its URL."""
    address = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        *("prometheus", f"--config.file={hurried(directory, gate.admin_url)}", f"--storage.tsdb.path={directory}/tsdb"),
        *(f"--web.listen-address={address}", "--log.level=error"),
    )
    try:
        yield f"http://{address}"
    finally:
        process.kill()
        await process.wait()


async def asked(gate: RunningGate, url: str, path: str, **params: str) -> Any:
    """Ask Prometheus; None while it is starting."""
    with contextlib.suppress(aiohttp.ClientConnectionError):
        async with gate.session.get(f"{url}/api/v1/{path}", params=params) as answer:
            return (await answer.json())["data"] if answer.status == 200 else None
    return None


async def firing(gate: RunningGate, url: str) -> set[Alert]:
    """Name what fires, each with the model or the reason that it is about."""
    found = await asked(gate, url, "alerts") or {"alerts": ()}
    labels = [one["labels"] for one in found["alerts"] if one["state"] == "firing"]
    return {(one["alertname"], one.get("model") or one.get("reason", "")) for one in labels}


async def until_scraped(gate: RunningGate, url: str) -> None:
    """Wait until Prometheus holds the first refusal: an increase begins at a number that it has seen."""
    while not ((await asked(gate, url, "query", query="gateway_denied_requests_total")) or {}).get("result"):  # noqa: ASYNC110 - another process has no event for us
        await asyncio.sleep(0.1)


async def refused(gate: RunningGate) -> int:
    headers = {"authorization": f"Bearer {gate.mint(STRANGER)}"}
    async with gate.session.post(f"{gate.url}/v1/chat/completions", json={"model": GATED, "messages": []}, headers=headers) as response:
        await response.read()
        return response.status


@pytest.mark.slow
async def test_a_burst_of_refusals_at_a_running_gate_fires_its_alerts_in_a_real_prometheus(tmp_path: Path) -> None:
    burst, probed = ("GatewayRefusalBurst", "org_not_approved"), ("GatewayGatedModelProbed", GATED)
    async with running_gate(tmp_path) as gate, watching(gate, tmp_path) as url, asyncio.timeout(30):
        await gate.admit("org_acme")
        assert await refused(gate) == 403
        await until_scraped(gate, url)
        assert await firing(gate, url) & {burst, probed} == set()
        assert {await refused(gate) for _ in range(REFUSALS)} == {403}
        while not (fired := await firing(gate, url)) >= {burst, probed}:  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.1)
    assert fired == {burst, probed}
