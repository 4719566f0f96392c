"""One request as it arrived: what is judged, and what is forwarded."""

from msgspec import Struct


class RequestEnvelope(Struct, gc=False):
    """A parsed request head. `headers` in the order received, names lower-case, values as received.

    `target` is the request target byte for byte; `path` and `query` are what `paths.canonical` made of it.
    """

    method: bytes
    target: bytes
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]

    def header(self, name: bytes) -> bytes | None:
        """First value of the header called `name` (lower-case), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None
