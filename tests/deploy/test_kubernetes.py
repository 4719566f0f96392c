"""The Kubernetes objects: valid by the cluster's own schemas, and in agreement with the image, the settings and each other."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from support.kustomization import Document, rendered

from gateway.settings.addresses import host_port
from gateway.settings.loader import load, parse
from gateway.settings.provision import build_catalogue, country_groups
from gateway.settings.shape import Settings

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy/kubernetes"
PLACES = {"base": KUBERNETES / "base", "production": KUBERNETES / "overlays/production"}
OLDEST, NEWEST = "1.29", "1.37"
RENDERED = {name: rendered(place) for name, place in PLACES.items()}
OBJECTS = [(place, document) for place, documents in RENDERED.items() for document in documents]
NAMES = [f"{place}-{document['kind']}-{document['metadata']['name']}" for place, document in OBJECTS]
each_place = pytest.mark.parametrize("place", PLACES)


def the(place: str, kind: str, name: str = "gateway") -> Document:
    (found,) = (one for one in RENDERED[place] if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return found


def pod(place: str) -> Any:
    return the(place, "Deployment")["spec"]["template"]["spec"]


def container(place: str) -> Any:
    (one,) = pod(place)["containers"]
    return one


def settings(place: str) -> Settings:
    """Read the settings that the pods get, with the image's file of country groups."""
    text = the(place, "ConfigMap", "gateway-config")["data"]["gateway.yaml"]
    return parse(text.replace("/opt/gateway/country_groups.yaml", str(ROOT / "config/country_groups.yaml")), "gateway.yaml", ROOT)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("document", [document for _, document in OBJECTS], ids=NAMES)
def test_every_object_is_valid_by_the_schema_of_its_kind(document: Document, version: str) -> None:
    assert kubernetes_validate.validate(document, version, strict=True) == version


def test_the_schemas_do_refuse() -> None:
    wrong = the("base", "Service") | {"spec": {"ports": [{"port": "eighty"}]}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)


def test_no_file_is_left_out() -> None:
    named: set[Path] = set()
    for place in PLACES.values():
        kustomization = yaml.safe_load((place / "kustomization.yaml").read_text())
        files = [*kustomization["resources"], *(one["path"] for one in kustomization.get("patches", ()))]
        files += [name for one in kustomization.get("configMapGenerator", ()) for name in one["files"]]
        named |= {(place / name).resolve() for name in files}
    there = {path for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml"}
    assert {path for path in named if path.is_file()} == there


@each_place
def test_the_settings_are_good(place: str) -> None:
    found = settings(place)
    assert set(build_catalogue(found, country_groups(found))) == {"frontier-1", "open-1"}


@each_place
def test_ports_of_container_services_and_settings_are_the_same(place: str) -> None:
    listen = settings(place).listen
    ports = {one["name"]: one["containerPort"] for one in container(place)["ports"]}
    assert ports == {"proxy": host_port(listen.proxy.address).port, "admin": host_port(listen.admin.address).port}
    assert [one["targetPort"] for one in the(place, "Service")["spec"]["ports"]] == ["proxy"]
    assert [(one["targetPort"], one["port"]) for one in the(place, "Service", "gateway-admin")["spec"]["ports"]] == [
        ("admin", ports["admin"])
    ]


@each_place
def test_labels_selectors_and_policies_mean_the_same_pods(place: str) -> None:
    template = the(place, "Deployment")["spec"]["template"]
    selectors = [
        the(place, "Deployment")["spec"]["selector"]["matchLabels"],
        the(place, "Service")["spec"]["selector"],
        the(place, "Service", "gateway-admin")["spec"]["selector"],
        the(place, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        the(place, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector and selector.items() <= template["metadata"]["labels"].items() for selector in selectors)


@each_place
def test_the_probes_ask_what_the_admin_door_answers(place: str) -> None:
    probes = {name: container(place)[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {name: (probe["path"], probe["port"]) for name, probe in probes.items()} == {
        "startupProbe": ("/healthz", "admin"),
        "livenessProbe": ("/healthz", "admin"),
        "readinessProbe": ("/readyz", "admin"),
    }
    annotations = the(place, "Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert (annotations["prometheus.io/path"], annotations["prometheus.io/port"]) == ("/metrics", "9090")


@each_place
def test_a_pod_has_time_to_drain(place: str) -> None:
    command, pause = container(place)["lifecycle"]["preStop"]["exec"]["command"]
    assert command == "sleep"
    assert pod(place)["terminationGracePeriodSeconds"] >= float(pause) + settings(place).limits.drain + 5


@each_place
def test_only_one_pod_at_a_time_goes_and_none_before_its_successor_is_ready(place: str) -> None:
    assert the(place, "Deployment")["spec"]["replicas"] > the(place, "PodDisruptionBudget")["spec"]["maxUnavailable"]
    assert the(place, "Deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@each_place
def test_it_runs_with_the_least_that_it_needs(place: str) -> None:
    whole, one = pod(place)["securityContext"], container(place)["securityContext"]
    assert whole["runAsNonRoot"] is True
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert f"USER {whole['runAsUser']}:{whole['runAsGroup']}" in (ROOT / "deploy/Containerfile").read_text()
    assert (one["readOnlyRootFilesystem"], one["allowPrivilegeEscalation"], one["capabilities"]) == (True, False, {"drop": ["ALL"]})
    assert pod(place)["automountServiceAccountToken"] is False
    assert container(place)["resources"]["limits"].keys() == {"memory"}


@each_place
def test_what_is_written_has_a_volume_and_the_settings_are_mounted_where_they_are_read(place: str) -> None:
    mounts = {one["mountPath"]: one["name"] for one in container(place)["volumeMounts"]}
    assert set(mounts.values()) == {one["name"] for one in pod(place)["volumes"]}
    found = settings(place)
    assert {found.store.data_dir, str(Path(found.audit.directory).parent)} <= mounts.keys()
    verb, option, path = container(place)["args"]
    assert (verb, option, mounts[str(Path(path).parent)]) == ("serve", "--config", "config")


@each_place
def test_every_secret_that_the_settings_name_comes_from_the_secret(place: str) -> None:
    found = settings(place)
    named = {found.store.password_env, found.audit.subject_key_env, *(one.credential.env for one in found.upstreams if one.credential)}
    given = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in container(place)["env"]}
    assert named == given.keys()
    assert {one["name"] for one in given.values()} == {"gateway-secrets"}


def test_the_overlay_changes_image_size_and_namespace() -> None:
    assert container("production")["image"] == "images.example.com/model-access-gateway:0.1.0"
    assert the("production", "Deployment")["spec"]["replicas"] == 3
    assert container("production")["resources"]["requests"]["cpu"] == "2"
    assert container("production")["args"] == container("base")["args"]
    namespaces = {one["metadata"].get("namespace") for one in RENDERED["production"] if one["kind"] != "Namespace"}
    assert namespaces == {the("production", "Namespace", "model-access")["metadata"]["name"]}


def test_the_network_policy_lets_out_to_the_store_and_keeps_the_admin_door_to_monitoring() -> None:
    spec = the("base", "NetworkPolicy")["spec"]
    doors = {rule["ports"][0]["port"]: rule["from"][0]["namespaceSelector"]["matchLabels"] for rule in spec["ingress"]}
    assert doors["admin"] == {"kubernetes.io/metadata.name": "monitoring"}
    assert all(rule["from"] for rule in spec["ingress"])
    _, _, port = load(ROOT / "deploy/config/gateway.yaml").store.url.rpartition(":")
    assert int(port) in {one["port"] for rule in spec["egress"] for one in rule["ports"]}
