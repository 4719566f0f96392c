"""Other readers of the same bytes: h11, both parsers of aiohttp, JSON readers of which the first or the last key wins."""

import asyncio
import json
import re
import zlib
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import HttpRequestParser, HttpRequestParserPy
from msgspec import Struct

LARGEST_HEAD = 1 << 17
IN_PATH = re.compile(r"/(?:deployments|models?)/([^/?]+?)(?::[A-Za-z]+)?(?:/|$)")
NAMING = {"model", "models", "engine"}


class Seen(Struct, frozen=True):
    """One request as a reader sees it; fields by lower-case name."""

    method: bytes
    target: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes


class DoubtError(Exception):
    """A reader reads no further; `found` are the whole requests before that."""

    def __init__(self, found: list[Seen]) -> None:
        super().__init__(f"unreadable after {len(found)} requests")
        self.found = found


def by_h11(data: bytes) -> list[Seen]:
    """Every request in `data`; raises `DoubtError` at the first byte that cannot be read, and where the last request is not whole."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
    found: list[Seen] = []
    connection.receive_data(data)
    try:
        while isinstance(head := connection.next_event(), h11.Request):
            body = b""
            while isinstance(part := connection.next_event(), h11.Data):
                body += bytes(part.data)
            if not isinstance(part, h11.EndOfMessage):
                raise DoubtError(found)
            found.append(Seen(head.method, head.target, tuple((bytes(name), bytes(value)) for name, value in head.headers), body))
            connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is h11.MUST_CLOSE:
                return found
            connection.start_next_cycle()
    except h11.ProtocolError as error:
        raise DoubtError(found) from error
    if connection.trailing_data[0]:
        raise DoubtError(found)
    return found


def by_aiohttp(parser: type[Any], data: bytes, loop: Any = None) -> list[Seen]:
    """Every request in `data`."""
    loop = loop or asyncio.get_running_loop()
    messages, upgraded, tail = parser(
        BaseProtocol(loop), loop, 2**16, max_line_size=16384, max_field_size=16384, auto_decompress=False
    ).feed_data(data)
    assert not upgraded
    assert not tail
    found = []
    for message, payload in messages:
        body = payload.read_nowait()
        assert payload.is_eof(), "the body is whole"
        fields = tuple((name.lower(), value) for name, value in message.raw_headers)
        found.append(Seen(message.method.encode(), message.path.encode(), fields, body))
    return found


def every_reading(data: bytes, loop: Any = None) -> list[Seen]:
    """What all readers agree on; they must."""
    found = by_h11(data)
    for parser in (HttpRequestParser, HttpRequestParserPy):
        assert by_aiohttp(parser, data, loop) == found
    return found


def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members, the first of those that have one name."""
    return dict(reversed(pairs))


def readings_of(text: bytes) -> list[Any]:
    """What JSON readers make of a text: one in which the last key wins, one in which the first does. Raises ValueError."""
    return [json.loads(text), json.loads(text, object_pairs_hook=first_wins)]


def models_in_object(value: Any) -> set[Any]:
    """Every model that the object or its tools name; keys in any case."""
    named = {value for key, value in value.items() if key.strip().lower() in NAMING and value}
    tools = value.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        named |= {value for key, value in tool.items() if key.lower() == "model"} if isinstance(tool, dict) else set()
    return named


def models_in_form(content_type: bytes, body: bytes) -> set[Any]:
    """Every model that a form's fields name, as a reader of mail sees them."""
    form = BytesParser(policy=HTTP).parsebytes(b"content-type: " + content_type + b"\r\n\r\n" + body)
    return {_text_of(part) for part in form.iter_parts() if str(part.get_param("name", header="content-disposition")).lower() in NAMING}


def _text_of(part: Any) -> str:
    payload: bytes = part.get_payload(decode=True)
    return payload.decode()


def models_in_body(seen: Seen) -> set[Any]:
    """Every model that the body names, whatever it says of itself."""
    fields = dict(seen.fields)
    coding = fields.get(b"content-encoding", b"").strip().lower()
    body = zlib.decompress(seen.body, {b"gzip": 31, b"deflate": 15}[coding]) if coding not in {b"", b"identity"} else seen.body
    content_type = fields.get(b"content-type", b"")
    if content_type.lower().startswith(b"multipart/form-data") and body.startswith(b"--"):
        return models_in_form(content_type, body)
    named: set[Any] = set()
    for value in readings_of(body):
        named |= models_in_object(value)
    return named


def models_in(seen: Seen) -> set[Any]:
    """Every model that some reader of this request would take it to name."""
    parts = urlsplit(seen.target.decode())
    named = {value for name, value in parse_qsl(parts.query, keep_blank_values=True, separator="&") if name.lower() == "model"}
    named |= {value for name, value in parse_qsl(parts.query, keep_blank_values=True, separator=";") if name.lower() == "model"}
    named |= set(IN_PATH.findall(unquote(parts.path)))
    named |= {value.decode() for name, value in seen.fields if name in {b"x-model", b"x_model", b"model"}}
    return named | models_in_body(seen) if seen.body else named
