"""The alerts under Prometheus itself: its checker, its unit tests, and a server that scrapes us."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.servers import free_port

from gateway.api.admin import AdminServer
from gateway.api.readiness import Readiness
from gateway.audit.metrics import Metrics
from gateway.settings.shape import AdminListener

RULES = Path(__file__).parents[2] / "deploy" / "prometheus"
promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")

CONFIGURATION = """
global: {{scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}}
rule_files: ["{rules}"]
scrape_configs: [{{job_name: gateway, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""


@promtool
@pytest.mark.parametrize("arguments", [("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")], ids=["check", "test"])
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=RULES, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_what_we_expose_passes_the_linter_of_prometheus() -> None:
    done = subprocess.run(["promtool", "check", "metrics"], input=Metrics().render()[0], capture_output=True, check=False, timeout=50)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.fixture
async def scraped(tmp_path: Path) -> AsyncIterator[tuple[Metrics, str]]:
    """Give metrics that a real Prometheus is scraping, and its URL."""
    metrics = Metrics()
    server = AdminServer(AdminListener(address="127.0.0.1:0"), Readiness, metrics)
    await server.start()
    (tmp_path / "prometheus.yaml").write_text(CONFIGURATION.format(rules=RULES / "alerts.yaml", port=server.port))
    address = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        *("prometheus", f"--config.file={tmp_path}/prometheus.yaml", f"--storage.tsdb.path={tmp_path}/data"),
        *(f"--web.listen-address={address}", "--log.level=error"),
    )
    yield metrics, f"http://{address}"
    process.kill()
    await process.wait()
    await server.stop()


async def alerts(session: aiohttp.ClientSession, url: str) -> set[tuple[str, str]]:
    """Ask which alerts fire, and for which reason; nothing while Prometheus is starting."""
    try:
        async with session.get(f"{url}/api/v1/alerts") as answer:
            found: list[dict[str, Any]] = (await answer.json())["data"]["alerts"] if answer.status == 200 else []
    except aiohttp.ClientConnectionError:
        return set()
    return {(alert["labels"]["alertname"], alert["labels"].get("reason", "")) for alert in found if alert["state"] == "firing"}


async def scrapes(session: aiohttp.ClientSession, url: str) -> int:
    """Tell how often we were scraped with success."""
    try:
        async with session.get(f"{url}/api/v1/query", params={"query": 'sum_over_time(up{job="gateway"}[1m])'}) as answer:
            found = (await answer.json())["data"]["result"] if answer.status == 200 else []
    except aiohttp.ClientConnectionError:
        return 0
    return int(found[0]["value"][1]) if found else 0


@prometheus
async def test_a_real_prometheus_scrapes_us_and_an_alert_fires(scraped: tuple[Metrics, str]) -> None:
    metrics, url = scraped
    async with aiohttp.ClientSession() as session, asyncio.timeout(40):
        while await scrapes(session, url) < 2:  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.1)
        assert await alerts(session, url) == set()
        metrics.denied_requests.labels("gpt-5.6", "policy_stale", "org_acme").inc()
        while ("GatewayPolicyStale", "policy_stale") not in (fired := await alerts(session, url)):  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.1)
    assert fired == {("GatewayPolicyStale", "policy_stale")}
