"""The walk: play each step of the main job against the running scene, then look at what the metrics say of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import aiohttp
from msgspec import Struct

from gateway.demo.figures import moved, read_figures, total
from gateway.demo.scene import Scene
from gateway.demo.steps import STEPS, Planned, clear
from gateway.errors import GatewayError

PATIENCE: Final = 15.0
FIGURES_TITLE: Final = "the metrics tell the same story"
FIGURES_EXPECTED: Final = "refusals counted, streams cut 2"


class Step(Struct, frozen=True):
    """One step that was played; `figures` is what was measured on the way, `details` are lines of evidence."""

    title: str
    expected: str
    came: str
    figures: str = ""
    details: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it came out as said."""
        return self.came == self.expected


async def walk(scene: Scene, steps: Sequence[Planned] = STEPS) -> AsyncIterator[Step]:
    """Play every step in order; a step that breaks is a step that failed, and the walk goes on."""
    await clear(scene)
    before = await read_figures(scene.session, scene.admin_url)
    for planned in steps:
        yield await play(scene, planned)
    growths = moved(before, await read_figures(scene.session, scene.admin_url))
    yield figures_step(growths)


async def play(scene: Scene, planned: Planned) -> Step:
    """Play one step within its deadline."""
    try:
        async with asyncio.timeout(PATIENCE):
            came, figures = await planned.play(scene)
    except* (TimeoutError, aiohttp.ClientError, GatewayError) as broken:
        came, figures = "; ".join(f"{type(one).__name__}: {one}" for one in broken.exceptions), ""
    return Step(planned.title, planned.expected, came, figures)


def figures_step(growths: Sequence[tuple[str, float]]) -> Step:
    """Judge the metrics: refusals must have been counted, and exactly the two streams that were cut."""
    refused, ended = total(growths, "gateway_denied_requests_total"), total(growths, "gateway_streams_cut_total")
    came = f"{'refusals counted' if refused else 'no refusal counted'}, streams cut {ended:.0f}"
    return Step(FIGURES_TITLE, FIGURES_EXPECTED, came, details=tuple(f"{sample} +{growth:.0f}" for sample, growth in growths))
