"""Lists of models must not tell a caller that there is one that it may not know of."""

from collections.abc import Callable
from typing import Final

from gateway.probe.message import get
from gateway.probe.probe import Attempt, Must, Probe
from gateway.probe.target import Target

HOLE: Final = "a list gives away the name of a model that is not released to this caller"
SEEN: Final = "Envoy AI Gateway #2452"

PATHS: Final = (
    *("/v1/models", "/models", "/v1beta/models", "/openai/models", "/openai/deployments", "/v1/model/info", "/model/info"),
    *("/v2/model/info", "/model_group/info", "/v1/models?limit=1000", "/v1/models/", "/api/tags", "/health", "/metrics", "/config"),
)
ITEMS: Final = ("/v1/models/{}", "/openai/models/{}", "/v1beta/models/{}")


def _listed(path: str) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(get(target, path.format(target.forbidden)))


PROBES: Final = (
    *(Probe("catalogue", f"GET {path}", HOLE, SEEN, _listed(path), Must.NOT_LIST) for path in PATHS),
    *(Probe("catalogue", f"GET {path.format('…')}", HOLE, SEEN, _listed(path), Must.NOT_LIST) for path in ITEMS),
)
