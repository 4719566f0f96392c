"""Cross checks of the ledger: objects must have one place, and the place must be known."""

from collections.abc import Iterator
from typing import Final

from gateway.settings.problems import Problem
from gateway.settings.shape import Settings

HOMES: Final = ("openai", "anthropic")
SHORTEST: Final = 1.0


def ledger_problems(settings: Settings) -> Iterator[Problem]:
    """Yield what is wrong with the section."""
    ledger, names = settings.ledger, {upstream.name for upstream in settings.upstreams}
    for api in HOMES:
        home = getattr(ledger, api)
        if home and home not in names:
            yield Problem(f"ledger.{api}", f"no upstream is called {home!r}. Write one of: {', '.join(sorted(names))}")
    if ledger.enabled and len(names) > 1 and not (ledger.openai or ledger.anthropic):
        yield Problem("ledger", "there are several upstreams: say which keeps the stored objects. Write: openai: NAME, or anthropic: NAME")
    if 0 < ledger.keep < SHORTEST:
        yield Problem("ledger.keep", "expected at least 1 second, or 0 for good")
