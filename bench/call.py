"""The calls that every peer gets: a chat completion of about 1 KB, whole or streamed, with a token and a country."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

MODEL: Final = "bench-whole"
STREAM_MODEL: Final = "bench-stream"
BYSTANDER_MODEL: Final = "bench-bystander"
ORGANISATION: Final = "org_bench"
COUNTRY_HEADER: Final = "cf-ipcountry"
_PROMPT: Final = "Explain how a canal lock lifts a boat, for a reader who has never seen one. "


class Call(Struct, frozen=True):
    """One request as its sender writes it."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def encoded(self) -> bytes:
        """The request as bytes of HTTP/1.1."""
        lines = [f"POST {self.path} HTTP/1.1", "host: 127.0.0.1", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\r\n".join([*lines, f"content-length: {len(self.body)}", "", ""]).encode() + self.body

    def with_header(self, name: str, value: str) -> "Call":
        """The same with one header more or otherwise."""
        return Call(self.path, {**self.headers, name: value}, self.body)


def whole(token: str, model: str = MODEL, size: int = 0) -> Call:
    """Ask for a whole answer, with a body of about `size` bytes, 1 KB where nothing else is said."""
    return _call(token, {"model": model, "temperature": 0.7, "max_tokens": 512}, size)


def streamed(token: str, pace: float, model: str = STREAM_MODEL) -> Call:
    """Ask for a stream of `pace` events a second."""
    return _call(token, {"model": model, "stream": True, "pace": pace})


def _call(token: str, fields: dict[str, object], size: int = 0) -> Call:
    prompt = _PROMPT * max(11, (size - 200) // len(_PROMPT))
    messages = [{"role": "system", "content": "You answer briefly and plainly."}, {"role": "user", "content": prompt}]
    body = msgspec.json.encode({"messages": messages} | fields)
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}", COUNTRY_HEADER: "DE", "accept": "application/json"}
    return Call("/v1/chat/completions", headers, body)
