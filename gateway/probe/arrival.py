"""One request as it reached the recording upstream. Pure."""

from msgspec import Struct, field


class Arrival(Struct):
    """`headers` as they came, in order; `frames` are the payloads that followed on a WebSocket; `oddities` of its framing."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""
    oddities: tuple[str, ...] = ()
    frames: list[bytes] = field(default_factory=list)
    head: bytes = b""

    def header(self, name: bytes) -> bytes:
        """Give the last value of a field, or nothing; `name` in lower case."""
        found = [value for key, value in self.headers if key.lower() == name]
        return found[-1] if found else b""

    @property
    def line(self) -> str:
        """Its request line, for people."""
        return f"{self.method.decode('latin-1')} {self.target.decode('latin-1')}"
