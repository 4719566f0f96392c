"""Shares that say something: of the default, and of each model."""

from collections.abc import Iterator

from gateway.settings.problems import Problem
from gateway.settings.shape import Settings
from gateway.settings.shares import contradictions


def share_problems(settings: Settings) -> Iterator[Problem]:
    """Every share that makes no sense."""
    shares = {f"models[{index}].share": model.share for index, model in enumerate(settings.models)}
    for path, section in {"fair_share.default": settings.fair_share.default, **shares}.items():
        for text in contradictions(section):
            yield Problem(path, text)
