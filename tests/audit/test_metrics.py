"""What a scrape shows of what was counted, in one worker and in several."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from gateway.audit.instruments import Kind
from gateway.audit.metrics import DENY, PERMIT, Metrics

CONTRACT = """
requests_total{model,decision} denied_requests_total{model,reason,org} decision_seconds upstream_requests_total{upstream,status}
upstream_first_byte_seconds{upstream} request_seconds{model} streams_open{model} streams_cut_total{model,reason} revocation_seconds
canary_seconds policy_revision policy_age_seconds policy_entries{kind} policy_invalid_entries store_up keyset_age_seconds{issuer}
keyset_fetches_total{issuer,outcome} tokens_total{issuer,outcome} directive_monitor_total{directive,org} audit_records_total
audit_lag_seconds audit_failures_total client_aborts_total
"""


def samples(metrics: Metrics) -> dict[str, float]:
    """Everything a scraper would store: the sample as it is written -> its value."""
    lines = [line for line in metrics.render()[0].decode().splitlines() if not line.startswith("#")]
    return {name.removeprefix("gateway_"): float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_every_metric_that_was_promised_exists_with_its_labels() -> None:
    metrics = Metrics()
    for name, labels in re.findall(r"(\w+)(?:\{([\w,]+)\})?\s", CONTRACT):
        assert metrics.definitions[name].labels == tuple(filter(None, labels.split(",")))


def test_no_label_speaks_of_nationality() -> None:
    labels = {label for definition in Metrics().definitions.values() for label in definition.labels}
    assert labels <= {
        "model",
        "decision",
        "reason",
        "org",
        "upstream",
        "status",
        "state",
        "kind",
        "listener",
        "issuer",
        "outcome",
        "directive",
        "operation",
    } | {
        "version",
        "python",
    }


def test_counters_count() -> None:
    metrics = Metrics()
    permits = metrics.requests.labels("gpt-5.6", PERMIT)
    permits.inc()
    permits.inc(2)
    metrics.requests.labels("gpt-5.6", DENY).inc()
    found = samples(metrics)
    assert found['requests_total{decision="permit",model="gpt-5.6"}'] == 3
    assert found['requests_total{decision="deny",model="gpt-5.6"}'] == 1


def test_a_series_is_made_once() -> None:
    metrics = Metrics()
    assert metrics.tokens.labels("corp", "valid") is metrics.tokens.labels("corp", "valid")


def test_the_wrong_number_of_labels_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match="requests_total takes the labels"):
        Metrics().requests.labels("gpt-5.6")


def test_a_count_kept_elsewhere_is_taken_over() -> None:
    metrics = Metrics()
    metrics.audit_records.set_total(41)
    metrics.audit_records.set_total(42)
    assert samples(metrics)["audit_records_total"] == 42


def test_gauges_rise_and_fall() -> None:
    metrics = Metrics()
    metrics.connections_open.inc(3)
    metrics.connections_open.dec()
    metrics.store_up.set(1)
    found = samples(metrics)
    assert (found["connections_open"], found["store_up"]) == (2, 1)


def test_a_gauge_that_nobody_set_is_not_shown_as_zero() -> None:
    assert "store_up" not in samples(Metrics())


def test_an_age_grows_by_itself() -> None:
    metrics = Metrics()
    metrics.policy_age_seconds.set(30)
    assert 30 <= samples(metrics)["policy_age_seconds"] < 31


def test_a_bound_of_a_histogram_includes_its_own_value() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.001, 0.0011, 3600.0):
        metrics.revocation_seconds.observe(seconds)
    found = samples(metrics)
    assert found['revocation_seconds_bucket{le="0.0005"}'] == 1
    assert found['revocation_seconds_bucket{le="0.001"}'] == 2
    assert found['revocation_seconds_bucket{le="60.0"}'] == 3
    assert found['revocation_seconds_bucket{le="+Inf"}'] == found["revocation_seconds_count"] == metrics.revocation_seconds.count == 4
    assert found["revocation_seconds_sum"] == pytest.approx(3600.0026)


@given(st.lists(st.floats(min_value=0, max_value=1e6)))
def test_buckets_are_what_prometheus_means_by_them(values: list[float]) -> None:
    metrics = Metrics(capacity=1024)
    for value in values:
        metrics.decision_seconds.observe(value)
    found = samples(metrics)
    for bound in metrics.definitions["decision_seconds"].bounds:
        assert found[f'decision_seconds_bucket{{le="{bound}"}}'] == sum(value <= bound for value in values)


def test_labels_come_from_the_catalogue_and_the_allowlists_only() -> None:
    metrics = Metrics()
    metrics.set_known(models=["gpt-5.6"], allowlists=[["org_acme"]])
    assert [metrics.model_label(name) for name in ("gpt-5.6", "' OR 1=1", None)] == ["gpt-5.6", "other", "other"]
    assert [metrics.org_label(name) for name in ("org_acme", "org_made_up", None)] == ["org_acme", "other", "other"]


def test_organisations_can_be_kept_out_of_the_labels() -> None:
    metrics = Metrics(org_label=False)
    metrics.set_known(models=[], allowlists=[["org_acme"]])
    assert metrics.org_label("org_acme") == metrics.org_label("stranger") == ""


def test_when_no_room_is_left_series_are_dropped_and_counted() -> None:
    metrics = Metrics(capacity=200)
    for number in range(1000):
        metrics.denied_requests.labels("other", "org_not_approved", f"org_{number}").inc()
    found = samples(metrics)
    shown = sum(name.startswith("denied_requests_total") for name in found)
    assert 0 < shown < 200
    assert found["series_dropped_total"] == 1000 - shown


def test_both_formats_are_read_back_by_their_parsers() -> None:
    metrics = Metrics()
    metrics.denied_requests.labels('mo"del\n', "org_missing", "org\\").inc()
    text, kind = metrics.render()
    assert kind.startswith("text/plain")
    assert {family.name for family in parse(text.decode())} >= {"gateway_requests", "gateway_build_info"}
    text, kind = metrics.render("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    families = {family.name: family for family in parse_openmetrics(text.decode())}  # type: ignore[no-untyped-call]  # the library has no types here
    assert families["gateway_denied_requests"].samples[0].labels == {"model": 'mo"del\n', "reason": "org_missing", "org": "org\\"}


def test_every_definition_explains_itself() -> None:
    for definition in Metrics().definitions.values():
        assert definition.help.endswith(".")
        assert (definition.kind is Kind.COUNTER) == definition.name.endswith("_total")
        assert list(definition.bounds) == sorted(definition.bounds)


def test_a_directory_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match=r"exists|directory"):
        Metrics(tmp_path / "file", "w0")
