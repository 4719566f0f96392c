"""Which model a request names: every place collected, one strict parse, anything ambiguous refused."""

from msgspec import Struct

from gateway.policy.vocabulary import Reason
from gateway.wire.headers import Headers
from gateway.wire.routes import Route


class Resolved(Struct, frozen=True, gc=False):
    """The one model that the request names, and whether it asks for a stream."""

    model: str
    stream: bool


class Refused(Struct, frozen=True, gc=False):
    """Why no single model could be read. `detail` quotes nothing that the caller sent."""

    reason: Reason
    detail: str


def resolve(route: Route, query: bytes, headers: Headers, body: bytes) -> Resolved | Refused:
    """Read the model that an inference `route` will run; total, never raises."""
    raise NotImplementedError
