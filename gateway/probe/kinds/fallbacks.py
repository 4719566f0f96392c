"""The upstream fails for the allowed model: nothing may be tried with another one."""

from collections.abc import Callable
from typing import Any, Final

from gateway.probe.message import CHAT, ask, post
from gateway.probe.probe import Attempt, Probe
from gateway.probe.target import Target

HOLE: Final = "after a failure the request is sent again for another model, which nobody has decided on"
SEEN: Final = "LiteLLM #38572, #39998"

WAYS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("fallbacks of the caller", {"fallbacks": ["$"]}),
    ("fallbacks of the caller as objects", {"fallbacks": [{"model": "$"}]}),
    ("fallbacks by model", {"fallbacks": [{"@": ["$"]}]}),
    ("models of the caller", {"models": ["@", "$"]}),
    ("no wish of the caller's", {}),
)


def _failing(more: dict[str, Any]) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        def said(value: Any) -> Any:  # noqa: ANN401 - any JSON
            if isinstance(value, list):
                return [said(each) for each in value]
            if isinstance(value, dict):
                return {said(key): said(inner) for key, inner in value.items()}
            return {"$": target.forbidden, "@": target.allowed}.get(value, value)

        return Attempt(post(target, ask(target.allowed, **said(more)), CHAT))

    return make


PROBES: Final = tuple(Probe("fallbacks", name, HOLE, SEEN, _failing(more), failing=True) for name, more in WAYS)
