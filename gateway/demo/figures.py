"""The gate's own metrics before and after: what moved, and by how much."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

SHOWN: Final = (
    "gateway_requests_total",
    "gateway_denied_requests_total",
    "gateway_streams_cut_total",
    "gateway_revocation_seconds_count",
    "gateway_policy_revision",
)

Figures = Mapping[str, float]


async def read_figures(session: aiohttp.ClientSession, admin_url: str) -> Figures:
    """Scrape the admin listener; raises aiohttp.ClientError where it does not answer 200."""
    async with session.get(f"{admin_url}/metrics", raise_for_status=True) as response:
        return dict(_samples(await response.text()))


def moved(before: Figures, after: Figures, names: Iterable[str] = SHOWN) -> list[tuple[str, float]]:
    """List the samples of the named metrics that grew, with their growth, in the order of the exposition."""
    wanted = tuple(names)
    grown = ((sample, value - before.get(sample, 0.0)) for sample, value in after.items() if sample.startswith(wanted))
    return [(sample, growth) for sample, growth in grown if growth > 0]


def total(growths: Iterable[tuple[str, float]], name: str) -> float:
    """Sum the growth of one metric over all its labels."""
    return sum(growth for sample, growth in growths if sample.partition("{")[0] == name)


def _samples(text: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ", ".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()) if value)
            yield (f"{sample.name}{{{labels}}}" if labels else sample.name), sample.value
