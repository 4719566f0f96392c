from typing import Any, cast

import aiohttp
import pytest

from gateway.demo.scene import Scene
from gateway.demo.steps import Came, Planned
from gateway.demo.walk import FIGURES_EXPECTED, Step, figures_step, play
from gateway.errors import StoreUnavailableError

NO_SCENE: Any = cast("Scene", None)
COUNTED = [
    ("gateway_denied_requests_total{reason=a}", 3.0),
    ("gateway_streams_cut_total{model=m}", 1.0),
    ("gateway_streams_cut_total{model=n}", 1.0),
]


def planned(came: str) -> Planned:
    async def answered(_scene: Scene) -> Came:
        return came, "1 ms"

    return Planned("a stranger asks", "403 org_not_approved", answered)


async def test_a_step_is_good_only_if_what_came_is_what_was_said() -> None:
    assert (await play(NO_SCENE, planned("403 org_not_approved"))).ok
    assert not (await play(NO_SCENE, planned("403 model_unknown"))).ok
    assert not (await play(NO_SCENE, planned("200"))).ok


@pytest.mark.parametrize("error", [aiohttp.ClientError("gone"), StoreUnavailableError("gone"), TimeoutError("gone")])
async def test_a_step_that_breaks_has_failed_and_says_how(error: Exception) -> None:
    async def broken(_scene: Scene) -> Came:
        raise error

    step = await play(NO_SCENE, Planned("a stranger asks", "200", broken))
    assert not step.ok
    assert step.came == f"{type(error).__name__}: gone"


def test_metrics_that_tell_another_story_fail_the_walk() -> None:
    assert figures_step(COUNTED).ok
    assert figures_step(COUNTED).expected == FIGURES_EXPECTED
    assert not figures_step(COUNTED[:2]).ok
    assert not figures_step(COUNTED[1:]).ok
    assert not figures_step([]).ok


def test_a_step_shows_its_evidence() -> None:
    assert "gateway_denied_requests_total{reason=a} +3" in figures_step(COUNTED).details
    assert Step("t", "200", "200").details == ()
