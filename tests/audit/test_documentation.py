"""The page of metrics and the alerts name what exists, and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.audit.instruments import Definition, Kind
from gateway.audit.metrics import Metrics

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/metrics.md").read_text()
ALERTS = ROOT / "deploy/prometheus/alerts.yaml"
DEFINITIONS = Metrics().definitions
ROW = re.compile(r"^\| `(\w+)` \| (\w+)[^|]*\|([^|]*)\| ([^|]+) \|$", re.MULTILINE)
ROWS = {name: (kind, tuple(re.findall(r"`(\w+)`", labels)), text) for name, kind, labels, text in ROW.findall(PAGE)}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=DEFINITIONS.keys())
def test_every_metric_is_on_the_page_with_its_kind_and_labels(definition: Definition) -> None:
    kind, labels, text = ROWS[definition.name]
    assert (kind, labels) == (definition.kind.value, definition.labels)
    assert text.strip().endswith(".") or ":" in text


def test_nothing_else_is_on_the_page() -> None:
    assert ROWS.keys() == DEFINITIONS.keys()


def test_how_gauges_become_one_is_said_as_it_is() -> None:
    for name, how in re.findall(r"^\| `(\w+)` \| gauge, (\w+) \|", PAGE, re.MULTILINE):
        assert how == {"age": "max"}.get(DEFINITIONS[name].merge.value, DEFINITIONS[name].merge.value)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_asks_for_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    for metric in re.findall(r"gateway_(\w+)", rule["expr"]):
        name = re.sub(r"_(bucket|sum|count)$", "", metric)
        assert name in DEFINITIONS
        assert (name != metric) == (DEFINITIONS[name].kind is Kind.HISTOGRAM)
    known = {label for definition in DEFINITIONS.values() for label in definition.labels} | {"instance", "job", "le"}
    assert set(re.findall(r"(\w+)(?:!=|=~|=)\"", rule["expr"])) <= known


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_what_happened_and_what_it_means(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"].keys() == {"summary", "description"}
    assert f"alertname: {rule['alert']}\n" in (ALERTS.parent / "alerts_test.yaml").read_text()
