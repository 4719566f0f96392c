"""The merged numbers as Prometheus reads them: text format or OpenMetrics, as the scraper asks."""

from collections.abc import Iterable, Iterator, Mapping
from math import inf, isinf
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.audit.instruments import Definition, Kind
from gateway.audit.workers import Readings

PREFIX: Final = "gateway_"


class Readout(Collector):
    """One scrape: readings that were merged beforehand, grouped by metric."""

    def describe(self) -> Iterable[Metric]:
        """Give nothing: a registry without this collects once more on registration."""
        return ()

    def __init__(self, definitions: Mapping[str, Definition], readings: Readings) -> None:
        self._definitions = definitions
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        """Give every metric, those without a series too: a reader learns that they exist."""
        series: dict[str, list[tuple[tuple[str, ...], list[float]]]] = {name: [] for name in self._definitions}
        for (metric, labels), values in self._readings.items():
            series[metric].append((labels, values))
        for name, definition in self._definitions.items():
            yield _family(definition, series[name])


def render(definitions: Mapping[str, Definition], readings: Readings, accept: str) -> tuple[bytes, str]:
    """Give the text and its content type."""
    registry = CollectorRegistry()
    registry.register(Readout(definitions, readings))
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type


def _family(definition: Definition, series: list[tuple[tuple[str, ...], list[float]]]) -> Metric:
    name = PREFIX + definition.name
    if definition.kind is Kind.HISTOGRAM:
        return _histogram(HistogramMetricFamily(name, definition.help, labels=definition.labels), definition.bounds, series)
    make = CounterMetricFamily if definition.kind is Kind.COUNTER else GaugeMetricFamily
    family = make(name, definition.help, labels=definition.labels)
    for labels, values in series:
        family.add_metric(labels, values[0])
    return family


def _histogram(
    family: HistogramMetricFamily, bounds: tuple[float, ...], series: list[tuple[tuple[str, ...], list[float]]]
) -> HistogramMetricFamily:
    for labels, values in series:
        total = 0.0
        buckets = []
        for bound, count in zip((*bounds, inf), values, strict=False):
            total += count
            buckets.append(("+Inf" if isinf(bound) else str(bound), total))
        family.add_metric(labels, buckets, values[-1])
    return family
