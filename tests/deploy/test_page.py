"""docs/deploy.md names what is there, and numbers that are so."""

import re
from pathlib import Path

import pytest

from gateway.cli import VERBS
from gateway.settings.addresses import host_port
from gateway.settings.shape import Limits, Listen

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/deploy.md").read_text()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\b(?:deploy|config|requirements)/[\w./-]*\w", PAGE)) - {"deploy/.env"}))
def test_every_file_that_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_way_is_told() -> None:
    for name in ("Containerfile", "compose.yaml", "kubernetes/overlays/production", "systemd/gateway.service", "redis/start"):
        assert (ROOT / "deploy" / name).exists()
        assert f"deploy/{name}" in PAGE


def test_verbs_and_settings_exist() -> None:
    verbs = set(re.findall(r"\b(?:gateway|operator) ([a-z-]+)(?: (?:add|mint)\b| --config|`)", PAGE)) | set(
        re.findall(r"^    (token) mint", PAGE, re.MULTILINE)
    )
    assert {"serve", "status", "partner", "token"} <= verbs <= VERBS.keys()


def test_ports_and_times_are_those_of_the_code() -> None:
    listen = Listen()
    assert f"**{host_port(listen.proxy.address).port}** for callers, **{host_port(listen.admin.address).port}** for health" in PAGE
    assert f"`limits.drain` ({Limits().drain:.0f} s)" in PAGE


def test_the_secrets_of_kubernetes_are_those_that_the_deployment_reads() -> None:
    deployment = (ROOT / "deploy/kubernetes/base/deployment.yaml").read_text()
    assert set(re.findall(r"--from-file=([\w-]+)", PAGE)) == set(re.findall(r"name: gateway-secrets, key: ([\w-]+)", deployment))
