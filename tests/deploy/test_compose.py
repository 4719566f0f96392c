"""The composition: valid by the specification's schema, and in agreement with the settings, the image and the files that it mounts."""

import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for
from support.composition import DEPLOY, Composition, filled_in

from gateway.settings.addresses import host_port
from gateway.settings.loader import load

FILE = DEPLOY / "compose.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]
SETTINGS = load(DEPLOY / "config/gateway.yaml")
SCHEMA = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
PASSWORDS = {"GATEWAY_STORE_PASSWORD": "one", "GATEWAY_OPERATOR_PASSWORD": "two"}


def faults(document: Any) -> list[str]:
    return [error.message for error in validator_for(SCHEMA)(SCHEMA).iter_errors(document)]


def seconds(text: str) -> float:
    assert text.endswith("s")
    return float(text[:-1])


def test_it_is_valid_by_the_specification() -> None:
    assert faults(DOCUMENT) == []
    assert faults({"services": {"gate": {"image": "x", "port": ["8080"]}}}) != []


def test_docker_itself_reads_it() -> None:
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False, timeout=20).returncode
    ):
        pytest.skip("docker compose is not installed")
    command = ["docker", "compose", "-f", str(FILE), "--profile", "tools", "config", "--quiet"]
    done = subprocess.run(command, env=PASSWORDS | {"PATH": "/usr/local/bin:/usr/bin:/bin"}, capture_output=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", PASSWORDS)
def test_without_its_passwords_it_does_not_start(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        filled_in(DOCUMENT, {name: value for name, value in PASSWORDS.items() if name != missing})


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_the_least_that_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    _, _, tag = service["image"].partition(":")
    assert tag not in {"", "latest"}
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_is_there(name: str, tmp_path: Path) -> None:
    for one in SERVICES[name].get("volumes", ()):
        source, _, *mode = one.split(":")
        assert (mode == ["ro"]) if source.startswith(".") else source in DOCUMENT["volumes"]
    assert all(place.exists() for place in Composition(tmp_path, PASSWORDS, {}).mounts(name).values())


@pytest.mark.parametrize("name", SERVICES)
def test_networks_are_declared(name: str) -> None:
    assert set(SERVICES[name].get("networks", ())) <= DOCUMENT["networks"].keys()


def test_the_gate_reads_the_settings_that_are_mounted_for_it() -> None:
    verb, option, path = SERVICES["gate"]["command"]
    assert (verb, option) == ("serve", "--config")
    assert f"./config:{Path(path).parent}:ro" in SERVICES["gate"]["volumes"]


def test_only_the_callers_door_is_published_to_others() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    port = host_port(SETTINGS.listen.proxy.address).port
    assert published == {"gate": [f"{port}:{port}"], "prometheus": ["127.0.0.1:9091:9090"]}


def test_the_settings_name_services_that_are_reachable_from_the_gate() -> None:
    store = SETTINGS.store.url.removeprefix("redis://gate@")
    (url,) = SETTINGS.upstreams[0].urls
    upstream = url.removeprefix("http://")
    for address, port in ((store, SERVICES["redis"]["command"][-1]), (upstream, SERVICES["upstream"]["command"][-1].partition(":")[2])):
        name, _, wanted = address.partition(":")
        assert wanted == port
        assert set(SERVICES[name]["networks"]) & set(SERVICES["gate"]["networks"])


def test_every_secret_that_the_settings_name_is_given() -> None:
    credential = SETTINGS.upstreams[0].credential
    assert credential is not None
    assert {SETTINGS.store.password_env, credential.env} == SERVICES["gate"]["environment"].keys()
    assert SETTINGS.store.password_env in SERVICES["operator"]["environment"]


def test_what_the_gate_writes_has_a_volume() -> None:
    inside = {one.split(":")[1] for one in SERVICES["gate"]["volumes"] if not one.endswith(":ro")}
    assert inside == {SETTINGS.store.data_dir, str(Path(SETTINGS.audit.directory).parent)}


def test_the_gate_never_sees_the_demo_issuers_private_key() -> None:
    command = SERVICES["issuer"]["command"]
    key, keys = Path(command[command.index("--key") + 1]).parent, command[command.index("--directory") + 1]
    volumes = {inside: source for source, inside, *_ in (one.split(":") for one in SERVICES["issuer"]["volumes"])}
    assert f"{volumes[keys]}:{keys}:ro" in SERVICES["gate"]["volumes"]
    assert not any(one.startswith(volumes[str(key)]) for one in SERVICES["gate"]["volumes"])
    assert SETTINGS.issuers[0].keys.file == f"{keys}/jwks.json"


def test_the_gate_has_time_to_drain() -> None:
    assert seconds(SERVICES["gate"]["stop_grace_period"]) >= SETTINGS.limits.drain + 5


def test_prometheus_scrapes_the_admin_door_and_finds_its_rules() -> None:
    configuration = yaml.safe_load((DEPLOY / "config/prometheus.yml").read_text())
    (job,) = configuration["scrape_configs"]
    port = host_port(SETTINGS.listen.admin.address).port
    assert (job["job_name"], job["metrics_path"], job["static_configs"]) == ("gateway", "/metrics", [{"targets": [f"gate:{port}"]}])
    assert set(SERVICES["prometheus"]["networks"]) & set(SERVICES["gate"]["networks"])
    assert "--config.file=/etc/gateway/config/prometheus.yml" in SERVICES["prometheus"]["command"]
    inside = {one.split(":")[1]: one.split(":")[0] for one in SERVICES["prometheus"]["volumes"]}
    assert (inside["/etc/gateway/config"], inside["/etc/gateway/prometheus"]) == ("./config", "./prometheus")
    assert configuration["rule_files"] == ["../prometheus/alerts.yaml"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_agrees() -> None:
    command = ["promtool", "check", "config", str(DEPLOY / "config/prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 rule files found" in done.stdout
