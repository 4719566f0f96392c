"""All names under which a model of the catalogue is known: whatever is not among them is no model."""

from collections.abc import Iterator
from typing import Final

from gateway.settings.shape import ModelSection

PLAIN_ROUTES: Final = (
    *("/generate", "/generate_stream", "/tokenize", "/detokenize", "/chat_tokenize", "/embed", "/rerank", "/predict"),
    *("/invocations", "/pooling", "/classify", "/score", "/v1/score"),
)
"""Routes whose requests may name no model; the table of routes has the same."""


def names_of(model: ModelSection) -> Iterator[tuple[str, str]]:
    """Yield every name and the setting that it comes from: the id, aliases, each of these with each prefix and suffix, bound routes."""
    plain = [(model.id, "id"), *((alias, f"aliases[{place}]") for place, alias in enumerate(model.aliases))]
    named = plain + [(prefix + name, f"prefixes[{place}]") for place, prefix in enumerate(model.prefixes) for name, _ in plain]
    yield from named
    for place, suffix in enumerate(model.suffixes):
        yield from ((name + suffix, f"suffixes[{place}]") for name, _ in named)
    yield from ((route, f"routes[{place}]") for place, route in enumerate(model.routes))
